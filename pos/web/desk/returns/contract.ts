/** What the desk and the server say to each other about after-sales. Money is integer fen, times are ISO 8601 UTC. */

import type { ReturnPreview } from '@web/contract'

export type CaseKind =
  | 'unshipped_refund'
  | 'refund_only'
  | 'return_refund'
  | 'exchange'
  | 'resend'
  | 'price_protection'
  | 'in_store'

export const CAUSES = [
  'unwanted',
  'quality',
  'damaged',
  'wrong_item',
  'missing',
  'late',
  'other',
] as const
export type Cause = (typeof CAUSES)[number] | 'price'

export interface CaseLine {
  line_no: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  picture: string
  bought_qty: number
  net_fen: number
  qty: number
  amount_fen: number
  sellable_qty: number
  quarantine_qty: number
  written_off_qty: number
}

export interface RefundPart {
  kind: string
  state: string
  amount_fen: number
}

export interface Case {
  id: number
  order_no: string
  kind: CaseKind
  cause: Cause
  words: string
  state: string
  fault: boolean
  store_name: string
  at_store_name: string
  asked_fen: number
  freight_fen: number
  reason: string
  carrier: string
  tracking_no: string
  customer: string
  asked_at: string
  due_by: string | null
  closed_at: string | null
  may: string[]
  /** Addresses of what the customer photographed. */
  photos: string[]
  refund: {
    no: string
    refund_fen: number
    points_back: number
    points_clawed: number
    parts: RefundPart[]
  } | null
  lines: CaseLine[]
}

export interface OrderLine {
  line_no: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  gift: boolean
  picture: string
  barcode: string | null
  qty: number
  net_fen: number
  returned_qty: number
  asked_qty: number
  left_qty: number
}

export interface BroughtOrder {
  no: string
  store_name: string
  channel: 'till' | 'mall'
  state: string
  customer: string
  payable_fen: number
  at: string
  lines: OrderLine[]
}

/** What a refund would be; the till's preview, with the kind of document it would make. */
export type RefundPlan = Omit<ReturnPreview, 'tier_after'> & { freight_fen: number }

export const PLACES = ['sellable', 'quarantine', 'written_off'] as const
export type Place = (typeof PLACES)[number]
/** Units of one line by where they go. */
export type Places = Record<Place, number>

export interface FoundLine extends Places {
  line_no: number
}
