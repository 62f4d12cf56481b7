import type { Deal, WhyNot } from '../../../../config/web/pricing-words'

/** Promotions as the server answers them: on the shelf, in a quote, on an order.  Money in fen. */

/** An exclusive price of goods: now, or from `from_at` on. */
export interface ShelfOffer {
  rule_id: number
  kind: string
  name: string
  price_fen: number
  /** When it ends by the shop's clock; null for a member price. */
  until_at: string | null
  /** How many of it an order gets; null for all. */
  most: number | null
  from_at?: string
}

/** A 秒杀 of goods: begins at `from_at`, or runs until `until_at`; `left` of `total` units, null without a quota. */
export interface Rush {
  rule_id: number
  name: string
  price_fen: number
  from_at: string | null
  until_at: string | null
  most: number | null
  total: number | null
  left: number | null
}

export interface RushCard {
  sku_id: number
  product_id: number
  name: string
  spec: string
  picture: string
  price_fen: number
  rush: Rush
}

export interface ShelfDeal extends Deal {
  rule_id: number
  name: string
  members_only?: boolean
}

/** What promotions say of a card or sku; what there is not is left out. */
export interface Marks {
  offer?: ShelfOffer
  /** What members pay, told to a guest. */
  member_fen?: number
  coming?: ShelfOffer
  promotions?: ShelfDeal[]
}

export interface LineShare {
  source: string
  source_id: number
  amount_fen: number
  points: number
}

/** A step of the price: list + sum of deltas = payable.  `shares` are what it took off each line. */
export interface TraceStep {
  seq: number
  source: string
  delta_fen: number
  source_id?: number
  name?: string
  phase?: number
  units?: number
  base_fen?: number
  shares?: number[]
}

/** What the engine says of a whole basket. */
export interface Explained {
  trace: TraceStep[]
  why_not?: WhyNot[]
  promotion_fen?: number
  freight_fen?: number
}

/** What a line's price was made of; of a gift nothing is paid. */
export interface Promoted {
  gift?: boolean
  allocations?: LineShare[]
}

/** What takes something off a line, or took. */
interface Off {
  source: string
  source_id: number
  name: string
  off_fen: number
}

/** A line that is not as it was shown when the order was sent; what takes off another share is gone and come. */
export interface Difference {
  line_no: number
  sku_id: number
  name: string
  gift: boolean
  was_qty: number
  was_net_fen: number
  qty: number
  net_fen: number
  gone: (Off & { why_not?: WhyNot | null })[]
  come: Off[]
}

export type { Deal, WhyNot }
