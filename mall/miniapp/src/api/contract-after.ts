/** What may be done with an order after it was paid; by hand from `mall/http/aftersales.py` and `trade/orders/story.py`. */

export type CaseKind =
  | 'unshipped_refund'
  | 'refund_only'
  | 'return_refund'
  | 'exchange'
  | 'resend'
  | 'price_protection'
  | 'in_store'

export type Cause = 'unwanted' | 'wrong_item' | 'damaged' | 'quality' | 'missing' | 'late' | 'price' | 'other'

/** One line of an order as it may be asked for: `left_qty` and `left_fen` are nobody's yet. */
export interface LeftLine {
  line_no: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  gift: boolean
  picture: string
  qty: number
  net_fen: number
  left_qty: number
  left_fen: number
  asked_qty: number
  returned_qty: number
}

export interface LeftOrder {
  no: string
  order_id: number
  store_name: string
  state: string
  lines: LeftLine[]
}

export interface Wish {
  order_id: number
  kind: CaseKind
  cause: Cause
  lines: { line_no: number; qty?: number; amount_fen?: number }[]
}

interface Named {
  id: number
  name: string
}

/** What granting a wish would give back and take, of `refund_plan.Preview`. */
export interface RefundPreview {
  refund_fen: number
  goods_fen: number
  freight_fen: number
  deducted_fen: number
  rounding_fen: number
  coupons_withheld_fen: number
  promotions_withheld_fen: number
  withheld_gift_fen: number
  principal_back_fen: number
  bonus_back_fen: number
  points_back: number
  points_clawed: number
  points_deficit: number
  points_paid: number
  coupons_back: Named[]
  coupons_void: Named[]
  promotions_lost: Named[]
  refunds: { kind: string; amount_fen: number }[]
}

/** `event` is the fact in the past tense; of a case without its prefix. */
export interface Step {
  event: string
  at: string
  reason: string
  tracking_no: string
}

export interface Case {
  id: number
  order_id: number
  order_no: string
  kind: CaseKind
  cause: Cause
  words: string
  state: string
  fault: boolean
  store_name: string
  at_store_name: string
  at_store_address: string
  asked_fen: number
  freight_fen: number
  reason: string
  carrier: string
  tracking_no: string
  asked_at: string
  due_by: string | null
  closed_at: string | null
  may: string[]
  photos: string[]
  /** Of one case's page only. */
  steps?: Step[]
  refund: {
    no: string
    refund_fen: number
    points_back: number
    points_clawed: number
    parts: { kind: string; state: string; amount_fen: number }[]
  } | null
  lines: { line_no: number; name: string; spec: string; unit: string; weighed: boolean; picture: string; qty: number; amount_fen: number }[]
}

export interface CaseGlance {
  id: number
  kind: CaseKind
  state: string
  asked_fen: number
  due_by: string | null
}

export interface StoryStep extends Step {
  case_id: number | null
  parcel_id: number | null
  store_name: string
}

export interface Why {
  parcel_id: number
  store_name: string
  distance_m: number | null
  others: number
  because: 'chosen' | 'moved' | 'only' | 'nearest' | 'best'
}

export interface Story {
  steps: StoryStep[]
  why: Why[]
  cases: CaseGlance[]
  may: {
    pay: boolean
    cancel: boolean
    ask_to_cancel: boolean
    /** Parcels under way whose arrival the customer may confirm. */
    receive: number[]
    aftersale: CaseKind[]
    buy_again: boolean
    /** There is an invoice to see, or to ask for. */
    invoice: boolean
  }
}

export interface SentPhoto {
  photo: string
  address: string
}
