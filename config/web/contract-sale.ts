/** What a cashier does with a basket beside selling it: a manager's word, holding, sellers, notes, voiding. */

import type { TenderKind } from './contract'

/** What a manager may be asked to approve (`trade/stores/approvals/states.py`). */
export type ApprovalAction =
  | 'discount'
  | 'price_floor'
  | 'old_price'
  | 'take_over'
  | 'void'
  | 'no_sale'
  | 'sellers'
  | 'return'
  | 'late_return'
  | 'blind_return'
  | 'offline_mode'
  | 'tender_unknown'
  | 'variance'
  | 'shift_gap'
  | 'late_shift'
  | 'temporary_item'

/** What would change, for the manager to read. */
export interface ApprovalWhat {
  before_fen?: number
  after_fen?: number
  lines?: { name: string; before_fen?: number; after_fen?: number }[]
  said?: string
}

export interface Approval {
  id: number
  action: ApprovalAction
  subject: string
  reason: string
  what: ApprovalWhat
  state: 'asked' | 'approved' | 'refused' | 'withdrawn' | 'used'
  till_name: string | null
  asked_by_name: string
  approver_id: number | null
  approver_name: string | null
  asked_at: string
  until_at: string
}

/** A colleague who sold a line, and their part of it in basis points. */
export interface Seller {
  staff_id: number
  bp: number
}

/** A basket put aside, and the version this till was given; 0 when it was never shared. */
export interface HeldHand {
  id: string
  version: number
}

/** A basket that the store's tills may take up. */
export interface HeldShown extends HeldHand {
  state: 'held' | 'editing' | 'expired'
  note: string
  names: string[]
  kinds: number
  payable_fen: number
  member_name: string | null
  till_name: string
  staff_name: string
  at_till_name: string | null
  lease_until: string | null
  held_at: string
}

/** A line that costs otherwise now than when it was held; null when it is not sold any more. */
export interface HeldChange {
  /** Its place on the counter, from 0. */
  line: number | null
  name: string
  before_fen: number
  after_fen: number | null
}

/** A sale without network that the server would have made otherwise; it counts as it was sold. */
export interface Differing {
  no: string
  order_no: string | null
  till_name: string
  at: string
  payable_fen: number
  rows: ({ code: string } & Record<string, string | number | null>)[]
}

/** The paper of a return; `copy` above 0 is a copy's number. */
export interface ReturnPaper {
  no: string
  order_no: string
  store_name: string
  till_name: string | null
  cashier: string | null
  at: string
  lines: { name: string; spec: string; weighed: boolean; qty: number; refund_fen: number }[]
  freight_fen: number
  kept_fen: number
  rounding_fen: number
  refund_fen: number
  refunds: { kind: TenderKind; amount_fen: number }[]
  member: { name: string; phone: string; no: string } | null
  points_back: number
  points_clawed: number
  copy?: number
}
