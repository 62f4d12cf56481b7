/** The HTTP contract of what comes back over a counter. */

import type { Member, Refund, ReturnPreview } from './contract'
import type { Basket, Quote } from './contract-price'

/** What of a return a manager must approve, each as an action of its own; until when it would not have been late. */
export interface Checked {
  approvals: ('return' | 'late_return')[]
  needs_approval: boolean
  window: { days: number; until: string; late: boolean }
}

interface BackForm {
  order_no: string
  back: { line_no: number; qty: number; aside?: number }[]
  fault?: boolean
}

/** Goods back and others instead; a payment code is never rounded. */
export interface ExchangeLook extends Basket, BackForm {
  wallet_fen: number
  by_code?: boolean
}

/** `net_fen` is collected, or where negative given back to the tenders of `back`; all in fen. */
export interface ExchangeNet {
  net_fen: number
  collect_fen: number
  brought_fen: number
  respent_fen: number
  wallet_fen: number
  rounding_fen: number
  back: Refund[]
}

export interface ExchangeShown {
  preview: ReturnPreview
  quote: Quote
  exchange: ExchangeNet
}

/** A sale that was looked for; the customer is masked. */
export interface FoundSale {
  no: string
  at: string
  store_name: string
  channel: string
  state: string
  customer: string
  payable_fen: number
  refunded_fen: number
  lines: {
    sku_id: number
    name: string
    spec: string
    qty: number
    weighed: boolean
    net_fen: number
    picture: string
  }[]
}

export interface FoundSales {
  sales: FoundSale[]
  members: Member[]
  /** Where the next page begins; null when there is none. */
  before: number | null
}

/** What goods without a receipt are worth: the least they cost in `days`, and what may still be given. */
export interface BlindWorth {
  lines: {
    sku_id: number
    name: string
    spec: string
    unit: string
    weighed: boolean
    picture: string
    qty: number
    unit_fen: number
    amount_fen: number
  }[]
  amount_fen: number
  left_fen: { person: number; store: number }
  days: number
}

export interface BlindDone {
  no: string
  amount_fen: number
  wallet: { total_fen: number; principal_fen: number; bonus_fen: number }
}
