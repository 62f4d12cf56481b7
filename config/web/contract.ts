/** The HTTP contract of the staff faces. Money is integer fen, times are ISO 8601 UTC, weights grams. */

import type { Checked } from './contract-return'

export * from './contract-desk'
export * from './contract-elsewhere'
export * from './contract-price'
export * from './contract-return'
export * from './contract-sale'
export * from './contract-shift'

export type Role = 'cashier' | 'store_staff' | 'store_manager' | 'head_office'

export interface Staff {
  id: number
  login: string
  name: string
  role: Role
  store_id: number | null
  store_name: string | null
  permissions: string[]
}

export interface TillChoice {
  id: number
  name: string
  registered: boolean
  store_name: string
}

export interface Till {
  id: number
  name: string
  store_id: number
  store_name: string
}

export interface Colleague {
  id: number
  name: string
  role: Role
}

/** `qty` is pieces, or grams when `weighed`; `price_fen` is then per kilogram. */
export interface Item {
  sku_id: number
  barcode: string
  name: string
  spec: string
  unit: string
  weighed: boolean
  price_fen: number
  /** Prices by quantity, each from so many units on; empty where there is one price. */
  steps: [number, number][]
  category_id: number
  free: number
  qty: number
  picture: string
  tag?: Tag
  /** Made at this till for goods that the catalogue has not; nobody counts it. */
  temporary?: boolean
}

/** What stands on a label beside the goods: `fen` is what it costs, `measured` whether it says how much is in it. */
export interface Tag {
  code: string
  measured: boolean
  fen: number | null
  lot: string
  serial: string
  expires_on: string | null
  /** Its price needs a manager, so the goods cost what they cost without it. */
  tooCheap?: boolean
}

export interface TierName {
  code: string
  name_zh: string
  name_en: string
}

/** The tier by growth, and how far it is to the next one. */
export interface TierProgress extends TierName {
  growth: number
  next: (TierName & { entry_growth: number; missing: number }) | null
}

export interface Member {
  id: number
  no: string
  name: string
  phone: string
  tier: string
  points: number
  pending_points: number
  tier_progress?: TierProgress
  /** Known to the till alone: what they hold is not here. */
  known?: boolean
  /** Gave their phone without network: a member once the sale is booked. */
  joins?: { phone: string; name: string }
}

/** What is worth a word at the counter (trade/orders/regulars.py). */
export interface TalkingPoint {
  kind: 'pickup' | 'birthday' | 'coupon' | 'points' | 'usual'
  n?: number
  days?: number
  until?: string
  name?: string
}

/** Goods worth a word at the counter, and why: bought about every `days`, or bought with `name`. */
export interface Hint {
  sku_id: number
  barcode: string | null
  name: string
  reason: { kind: 'usual' | 'with' | 'pending' | 'popular'; name: string; days: number }
}

/** A member whose code was scanned, or for whom a manager approved: leave to spend at this till. */
export interface ShownMember {
  member: Member
  authorisation: string
  expires_at: string
}

/** Stored value: what was paid in and what was given with it; `free_today_fen` may go without the code. */
export interface Wallet {
  principal_fen: number
  bonus_fen: number
  total_fen: number
  held_fen: number
  free_today_fen: number
}

/** What a top-up brings beside itself: for exactly `amount_fen`, or for `from_fen` and more. */
export interface TopUpOffer {
  rule_id: number
  title: string
  amount_fen: number | null
  from_fen: number | null
  bonus_fen: number | null
  bonus_bp: number | null
}

export interface TopUp {
  no: string
  principal_fen: number
  bonus_fen: number
  paid_at: string
  store_name: string
  /** Its page for the customer's phone. */
  url: string
  member: { id: number; no: string; name: string; phone: string }
  wallet: Omit<Wallet, 'free_today_fen'>
  tender: { kind: TenderKind; amount_fen: number; received_fen: number; change_fen: number }
}

/** What giving a top-up back does: unspent principal out, its bonus withdrawn, spent bonus deducted with consent. */
export interface TopUpRefund {
  principal_fen: number
  bonus_fen: number
  deducted_fen: number
  refund_fen: number
  kind: TenderKind
  bank: boolean
}

export interface ReceiptLine {
  line_no: number
  sku_id: number
  picture: string
  name: string
  spec: string
  unit: string
  weighed: boolean
  qty: number
  returned_qty: number
  unit_price_fen: number
  list_fen: number
  net_fen: number
  gift: boolean
}

export type TenderKind = 'cash' | 'wechat' | 'wallet'

/** A payment by code (付款码) that WeChat decides; the goods leave on `paid` alone. */
export interface CodePayment {
  tender_id: number
  order_id: number
  state: 'sent' | 'paying' | 'unknown' | 'reversing' | 'paid' | 'reversed'
  amount_fen: number
  sent_at: string
  /** From when on it may be taken back. */
  may_cancel_at: string
  /** When it is taken back by itself. */
  ends_at: string
  /** The state, or more: `failed` while it waits to be taken back, why it was taken back. */
  words: string
}

/** What was brought back for the goods of a receipt. */
export interface Exchanged {
  no: string
  refund_fen: number
  lines: { name: string; weighed: boolean; qty: number; refund_fen: number }[]
  back: { kind: TenderKind; amount_fen: number }[]
}

/** What another store hands over of a receipt. */
export interface Away {
  mode: 'pickup' | 'delivery' | 'ship'
  store_name: string
  store_address: string
  promise_at: string | null
  pickup_code: string | null
  lines: { line_no: number; qty: number }[]
}

export interface Receipt {
  /** Sold without network. */
  /** Notes of the sale (line 0) and its lines; `printed` ones are on the paper. */
  notes?: { line_no: number; note: string; printed: boolean }[]
  alone: boolean
  no: string
  /** The number on the paper: a device's own where it was sold without network. */
  printed_no: string
  /** Where the QR code on the paper leads. */
  url: string | null
  /** The member's points as printed. */
  points_after: number | null
  /** Printed once more: which time, by whom. */
  copy?: { n: number; by: string; at: string }
  order_id: number
  channel: 'till' | 'mall'
  state: string
  store_name: string
  till_name: string | null
  cashier: string | null
  at: string
  lines: ReceiptLine[]
  list_fen: number
  promotion_fen: number
  promotions: { id: number; name: string; off_fen: number }[]
  coupon_fen: number
  coupons: { id: number; name: string; off_fen: number }[]
  discount_fen: number
  points_used: number
  points_fen: number
  freight_fen: number
  rounding_fen: number
  payable_fen: number
  wallet_principal_fen: number
  wallet_bonus_fen: number
  tenders: {
    kind: TenderKind | 'exchange' | 'static_qr'
    amount_fen: number
    received_fen: number
    change_fen: number
    state: string
  }[]
  member: null | {
    no: string
    name: string
    phone: string
    points_earned: number
    points_used: number
    points: number
    pending_points: number
  }
  returns: { no: string; at: string; refund_fen: number }[]
  exchange?: Exchanged | null
  elsewhere?: Away[]
}

export interface ReturnForm {
  order_no: string
  /** `aside`: so many of them are not for sale any more. */
  lines: { line_no: number; qty: number; aside?: number }[]
  /** The merchant's own: promotions are kept whatever stays. */
  fault?: boolean
}

export interface Refund {
  kind: TenderKind
  amount_fen: number
}

/** What of the points to take back was spent already, and who bears it. */
export type Shortfall = 'deficit' | 'deduct_refund' | 'ask_manager' | 'write_off'

interface ReturnEffect {
  /** What is paid out: `goods_fen` less `deducted_fen` and everything withheld. */
  refund_fen: number
  goods_fen: number
  /** What the goods give back with promotions kept, and with them asked again for what stays. */
  keep_fen: number
  re_evaluate_fen: number
  /** Which of the two counts. */
  on_return: 'keep' | 're_evaluate'
  fault: boolean
  /** Kept back of the lines' figures; negative: kept back before, or earned beyond them, and given now. */
  promotions_withheld_fen: number
  withheld_gift_fen: number
  /** What it takes of the order's cash rounding; negative: less is paid out. */
  rounding_fen: number
  promotions_lost: CouponName[]
  /** Gifts that are not earned any more and have not come back. */
  gifts_kept: { line_no: number; name: string; qty: number; worth_fen: number }[]
  deducted_fen: number
  coupons_withheld_fen: number
  refunds: Refund[]
  principal_back_fen: number
  bonus_back_fen: number
  points_back: number
  points_clawed: number
  points_deficit: number
  points_paid: number
  points_written_off: number
  shortfall: Shortfall
  needs_approval: boolean
  coupons_back: CouponName[]
  coupons_void: CouponName[]
  coupons_given_spent: SpentCoupon[]
  lines: { line_no: number; qty: number; refund_fen: number }[]
}

export interface CouponName {
  id: number
  name: string
}

/** A coupon that the order gave and that was used already: what is kept out of the refund for it, and what is not. */
export interface SpentCoupon extends CouponName {
  withheld_fen: number
  waived_fen: number
}

export interface ReturnPreview extends ReturnEffect, Checked {
  /** The tier the member falls to by it, and when. */
  tier_after: (TierName & { at: string; at_once: boolean; missing: number }) | null
}

export interface ReturnDone extends ReturnEffect {
  no: string
  at: string
}
