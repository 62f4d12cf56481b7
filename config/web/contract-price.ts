/** What is asked of the price engine, and what it answers: basket, quote and sale. */

import type { AwayWay } from './contract-elsewhere'
import type { HeldHand, Seller } from './contract-sale'
import type { CashRounding } from './money'
import type { Deal, WhyNot as PromotionWhyNot } from './pricing-words'

/** A line made cheaper by hand: so much off, or the price of a unit (or kg), and why. */
export interface ByHand {
  reason: 'damaged' | 'near_expiry' | 'shelf_price' | 'price_match' | 'goodwill' | 'held_price'
  off_fen?: number
  unit_price_fen?: number
}

export interface Basket {
  /** `label` as it was scanned, where its price is what the line costs. */
  lines: {
    sku_id: number
    qty: number
    hand?: ByHand
    label?: string
    at_store_id?: number
    note?: string
    sellers?: Seller[]
  }[]
  member_id: number | null
  points: number
  discount_fen: number
  coupon_ids: number[]
  /** Promotions that the customer does not want. */
  barred: number[]
  authorisation?: string | null
}

/** `source_id` is the promotion's or the coupon's id, 0 for the others. */
export interface Allocation {
  source: 'promotion' | 'manual' | 'points' | 'coupon'
  source_id: number
  amount_fen: number
  points: number
}

export interface WhyNot {
  code: string
  short_fen?: number
  from_at?: string
  coupon_id?: number
}

/** What is printed on a coupon. */
export interface Printed {
  id: number
  name: string
  kind: 'threshold_off' | 'rate' | 'cash' | 'goods' | 'freight' | 'gift'
  threshold_fen: number
  face_fen: number
  rate_bp: number
  cap_fen: number
  until_at: string
}

/** A coupon of the member, judged against this basket: what it takes off, or why it does not. */
export interface CouponOffer extends Printed {
  stack_class: string
  /** What the basket would cost more with it than with the best ones. */
  dearer_by_fen: number
  off_fen: number
  lost_fen: number
  applied: boolean
  usable: boolean
  best: boolean
  why_not: WhyNot | null
}

export interface QuoteLine {
  line_no: number
  sku_id: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  qty: number
  unit_price_fen: number
  /** The exclusive price of every unit of the line (member, flash, clearance, seckill), if there is one. */
  offer_unit_fen: number | null
  list_fen: number
  net_fen: number
  /** Added by a promotion; costs nothing. */
  gift: boolean
  picture: string
  free: number
  allocations: Allocation[]
}

/** A promotion that took part, and what it took off. */
export interface Promotion extends Deal {
  rule_id: number
  name: string
  off_fen: number
}

/** A step of the price: what it was measured on, and what it took off (negative) or added. */
export interface TraceStep {
  seq: number
  source: string
  source_id?: number
  name?: string
  base_fen?: number
  delta_fen: number
}

/** What keeps points from paying more: what the member has, what the goods cost, or the terms. */
export type PointsLimit = 'balance' | 'goods' | 'order' | 'day'

export interface Quote {
  /** Priced by the till itself, without network. */
  alone?: boolean
  lines: QuoteLine[]
  list_fen: number
  promotion_fen: number
  coupon_fen: number
  discount_fen: number
  points_used: number
  points_fen: number
  payable_fen: number
  /** The limit that a discount by hand is above: a manager must approve it. */
  needs_approval: { action: 'discount' | 'price_floor'; max_fen: number; line_no?: number } | null
  /** Cash is rounded last; `payable_fen` is before that. */
  cash_rounding: CashRounding
  rounding_fen: number
  earns_points: number
  max_points: number
  min_points: number
  points_step: number
  points_limit: PointsLimit
  points_limit_at: number
  trace: TraceStep[]
  promotions: Promotion[]
  /** Why each other promotion did nothing, or what is missing to the next step of one that did. */
  why_not: PromotionWhyNot[]
  /** What a sale sends back, so that nothing dearer is charged; good until `until_at`. */
  token: string
  until_at: string
  coupon_ids: number[]
  coupons: CouponOffer[]
  refused_coupons: { coupon_id: number; code: string }[]
  best_coupon_ids: number[]
}

export interface SaleForm extends Basket {
  /** What managers approved of it. */
  approval_ids?: number[]
  /** The basket put aside that this was. */
  held?: HeldHand
  note?: string
  print_notes?: boolean
  expected_payable_fen: number
  token: string
  /** How the customer gets lines with an `at_store_id`. */
  elsewhere?: AwayWay
  /** Cash or a payment code pays what stored value does not, a code what cash does not; only cash gives change. */
  tenders: (
    | { kind: 'cash'; received_fen: number }
    | { kind: 'wallet'; amount_fen: number }
    | { kind: 'code'; auth_code: string }
  )[]
}
