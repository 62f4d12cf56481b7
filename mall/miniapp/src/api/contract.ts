import type { GroupOffer, OrderGroup } from './contract-group'
import type { Explained, Marks, Promoted } from './contract-price'
import type { CouponOffer } from './contract-value'
import type { Mode, OrderAddress, WayTold } from './contract-way'

/** What the server answers under /api/mall, by hand from `mall/http` and the rooms behind it.  Money in fen. */

export interface Settings {
  /** Where a browser outside WeChat signs in; ends in `?`.  Null when there is no such place. */
  login_page: string | null
  phone_page: string | null
}

export interface Store {
  id: number
  name: string
  address: string
  phone: string
  opens: string
  closes: string
  open_now: boolean
  distance_m: number | null
}

export interface Category {
  id: number
  name: string
  picture: string
}

export interface Banner {
  picture: string
  category_id: number
  title: string
  subtitle: string
}

/** A product with the first SKU that the store sells. */
export interface Card extends Marks {
  product_id: number
  sku_id: number
  name: string
  spec: string
  unit: string
  /** Sold by weight: quantities are grams and the price is per kilogram. */
  weighed: boolean
  picture: string
  price_fen: number
  skus: number
  /** What may still be promised: pieces or grams. */
  free: number
}

export interface Home {
  categories: Category[]
  banners: Banner[]
  products: Card[]
  /** Where the next page of products begins. */
  after: string | null
}

export interface CardPage {
  products: Card[]
  after: string | null
}

export interface Sku extends Marks {
  sku_id: number
  spec: string
  unit: string
  weighed: boolean
  price_fen: number
  free: number
  barcode: string | null
  /** What it costs in a group, where there is such an offer. */
  group?: GroupOffer
}

export interface Product {
  product_id: number
  name: string
  brand: string
  description: string
  category_id: number
  picture: string
  skus: Sku[]
}

export interface Slot {
  from_at: string
  to_at: string
  label: string
  open: boolean
}

export interface Want {
  sku_id: number
  qty: number
}

export interface Basket {
  store_id: number
  lines: Want[]
  points: number
  /** Left out where nothing is asked for. */
  coupon_ids?: number[]
  wallet_fen?: number
  /** Promotions that the shopper does not want. */
  barred?: number[]
  /** Left out for a pickup. */
  mode?: Mode
  address_id?: number
  /** Bought in a group. */
  offer_id?: number
}

export interface QuoteLine extends Promoted {
  line_no: number
  sku_id: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  picture: string
  free: number
  qty: number
  unit_price_fen: number
  list_fen: number
  net_fen: number
}

/** A basket with every fen explained: list - promotions - coupons - points - discount + freight = payable. */
export interface Quote extends Explained {
  lines: QuoteLine[]
  list_fen: number
  coupon_fen?: number
  /** Those that take something off, and the set that leaves least to pay. */
  coupon_ids?: number[]
  best_coupon_ids?: number[]
  /** Every coupon of the member beside this basket, the best first; a guest has none. */
  coupons?: CouponOffer[]
  wallet_fen: number
  /** What is left for WeChat. */
  due_fen: number
  discount_fen: number
  points_used: number
  points_fen: number
  payable_fen: number
  earns_points: number
  max_points: number
  min_points: number
  points_step: number
  /** What keeps points from paying more, and at how many: the balance, the goods, or the terms. */
  points_limit: 'balance' | 'goods' | 'order' | 'day'
  points_limit_at: number
  /** Signed: what the customer was shown, sent back with the order. */
  token?: string
  freight_fen?: number
  /** Null for a pickup. */
  way?: WayTold | null
}

export interface Me {
  member_id: number
  no: string
  name: string
  phone: string
  tier: string
  points: number
  pending_points: number
}

export interface SignedIn {
  token: string
  me: Me
}

export interface PointsHeld {
  available: number
  pending: number
  /** What was taken back beyond what was there; the next points make it good. */
  deficit: number
  expiring: number
  expiring_at: string | null
}

/** What is on its way: `confirms_at` is sure, `expected_at` is by the order's promise. */
export interface PointsComing {
  points: number
  source: string
  order_no: string | null
  confirms_at: string | null
  expected_at: string | null
}

export interface PointsEntry {
  id: number
  at: string
  event: string
  points: number
  state: 'pending' | 'done'
  source: string
  expires_at: string | null
  order_no: string | null
  order_id: number | null
  /** Each line's share; of points taken back, the returned units with 0. */
  lines: { line_no: number; name: string; spec: string; qty: number; points: number }[]
}

export interface Points {
  points: PointsHeld
  pending: PointsComing[]
  entries: PointsEntry[]
  before: number | null
}

/** Signing in day by day; `days` are some of the row around today. */
export interface SignIns {
  signed: boolean
  streak: number
  days: { n: number; points: number; done: boolean; today: boolean }[]
}

export interface DailySignIn {
  day: string
  points: number
  streak: number
}

export type OrderState = 'placed' | 'paid' | 'asking' | 'preparing' | 'ready' | 'shipping' | 'done' | 'cancelled'

/** What one store does for an order; `at` of a line are units of the order's line. */
export interface Parcel {
  id: number
  mode: 'pickup' | 'delivery' | 'ship'
  state: string
  store_name: string | null
  store_address: string | null
  carrier: string
  tracking_no: string
  lines: { line_no: number; qty: number; short_qty: number; handed_qty: number }[]
  promise_at: string | null
  assigned_at: string | null
  accepted_at: string | null
  picked_at: string | null
  ready_at: string | null
  handed_at: string | null
  closed_at: string | null
  pickup_code: string | null
  /** Its code is a friend's. */
  delegated: boolean
  substitutes: Substitute[]
}

/** Something else that the store offers for a line; `outcome` null while the customer is asked, until `answer_by`. */
export interface Substitute {
  id: number
  line_no: number
  name: string
  spec: string
  picture: string
  paid_fen: number
  refund_fen: number
  outcome: 'agreed' | 'declined' | 'dropped' | 'lapsed' | null
  answer_by: string | null
}

/** Where a parcel that no store does could be fetched (ids, best first), whether it can be brought, until when asked. */
export interface ParcelOptions {
  stores: number[]
  deliver: boolean
  ask_by: string | null
}

export type ParcelSays = 'store' | 'bring' | 'wait' | 'refund'

export interface OrderLine extends Promoted {
  line_no: number
  product_id: number
  sku_id: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  qty: number
  returned_qty: number
  unit_price_fen: number
  list_fen: number
  net_fen: number
  picture: string
}

/** `trace` and `why_not` are of one order's page only. */
export interface Order extends Partial<Explained> {
  id: number
  no: string
  channel: 'mall' | 'till'
  mode: 'counter' | 'pickup' | 'delivery' | 'ship'
  state: OrderState
  parcels: Parcel[]
  store_id: number
  store_name: string
  store_address: string
  list_fen: number
  coupon_fen?: number
  coupons?: { id: number; name: string; off_fen: number }[]
  discount_fen: number
  points_used: number
  points_fen: number
  payable_fen: number
  wallet_principal_fen: number
  wallet_bonus_fen: number
  refunded_fen: number
  /** Kept out of refunds for promotions that what was kept no longer met, and for gifts that stayed. */
  withheld_fen: number
  earns_points: number
  remark: string
  placed_at: string
  pay_by: string | null
  paid_at: string | null
  promise_at: string | null
  closed_at: string | null
  pickup_code: string | null
  /** Of a single order that goes somewhere. */
  address?: OrderAddress | null
  next: ('pay' | 'cancel' | 'ask_to_cancel')[]
  group?: OrderGroup | null
  lines: OrderLine[]
}

/** What `wx.requestPayment` wants, signed by the server. */
export interface Payment {
  appId: string
  timeStamp: string
  nonceStr: string
  package: string
  signType: 'RSA'
  paySign: string
}

export interface PayAnswer {
  payment: Payment
  /** The stand-in's page for a browser outside WeChat. */
  pay_page: string | null
}

export interface TierName {
  code: string
  name_zh: string
  name_en: string
}

export interface TierLevel extends TierName {
  entry_growth: number
  keep_growth: number
  /** 12000 earns 1.2 times the points. */
  multiplier_bp: number
  benefits: { zh: string; en: string }[]
  /** What reaching it brings: points, and one coupon of each offer. */
  gift_points: number
  gift_coupons: number[]
}

/** The tier page, of `member/tier_card.py`. */
export interface Tier {
  tier: TierLevel
  why: 'confirmed' | 'provisional' | 'granted'
  granted_until: string | null
  growth: { confirmed: number; pending: number; counted: 'rolling' | 'year' | 'lifetime' }
  next: (TierName & { entry_growth: number; missing: number }) | null
  keep: {
    growth: number
    counted_then: number
    missing: number
    evaluate_at: string | null
    grace_until: string | null
    falls_to: TierName | null
  } | null
  leaving: { at: string; growth: number }[]
  history: { at: string; from: string; to: string; cause: string }[]
  levels: TierLevel[]
}
