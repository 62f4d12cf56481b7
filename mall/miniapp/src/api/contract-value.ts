/** What members hold, as the server answers it: coupons, stored value, consent.  Money in fen. */

export type CouponKind = 'threshold_off' | 'rate' | 'cash' | 'goods' | 'freight' | 'gift'
export type StackClass = 'goods' | 'store' | 'platform' | 'freight'
export type CouponTab = 'usable' | 'used' | 'expired'

interface Named {
  categories?: number[]
  skus?: number[]
}

/** What is printed on every coupon. */
export interface CouponPrint {
  name: string
  kind: CouponKind
  stack_class: StackClass
  threshold_fen: number
  face_fen: number
  /** What the customer still pays: 8500 is 85 折. */
  rate_bp: number
  /** The most a rate takes off; 0 for no cap. */
  cap_fen: number
  until_at: string | null
}

interface CouponScope {
  scope: { include?: Named; exclude?: Named }
  /** Empty: everywhere. */
  store_ids: number[]
  channels: string[]
}

export interface Coupon extends CouponPrint, CouponScope {
  id: number
  state: 'issued' | 'locked' | 'used' | 'expired' | 'void' | 'frozen'
  from_at: string | null
  claimed_at: string | null
  store_id: number | null
  order_id: number | null
}

/** An offer of the coupon centre and how this member stands to it. */
export interface Offer extends CouponPrint, CouponScope {
  template_id: number
  valid_days: number | null
  from_at: string | null
  claim_until_at: string | null
  /** How many are there still; null for as many as are asked for. */
  left: number | null
  claimed: number
  claims_per_member: number
  status: 'open' | 'claimed' | 'gone'
}

/** One of the member's coupons beside a basket: what it takes off now, or why nothing. */
export interface CouponOffer extends CouponPrint {
  id: number
  until_at: string
  off_fen: number
  lost_fen: number
  applied: boolean
  usable: boolean
  best: boolean
  /** What the basket would cost more with it than with the best ones. */
  dearer_by_fen?: number
  why_not: { code: string; short_fen?: number; coupon_id?: number; from_at?: string } | null
}

/** What this phone needs to make its member code without a network; told once. */
export interface NewSecret {
  ref: string
  secret: string
  step_s: number
  now: number
}

export interface CardState {
  /** Null until a secret was issued. */
  code: { step_s: number; ref: string | null }
}

export type Purpose = 'terms' | 'privacy' | 'personalisation' | 'marketing'

/** Where the member stands to one text. */
export interface Consent {
  purpose: Purpose
  required: boolean
  version: string
  given: boolean
  answered_version: string | null
  at: string | null
  /** Never answered, or the text changed since a yes. */
  ask: boolean
}

export interface Consents {
  purposes: Consent[]
}

/** Stored value: principal was paid in, bonus came with it; `held_fen` is promised to unpaid orders. */
export interface Wallet {
  principal_fen: number
  bonus_fen: number
  total_fen: number
  held_fen: number
}

/** One rule: an exact amount, or every amount from one on; a fixed bonus, or a share of it. */
export interface TopUpOffer {
  rule_id: number
  code: string
  title: string
  amount_fen: number | null
  from_fen: number | null
  bonus_fen: number | null
  bonus_bp: number | null
}

export interface WalletEntry {
  id: number
  at: string
  event: string
  /** `order:12` or `top_up:1:5`. */
  source: string
  /** Of a top-up: the number that the till asks for to give it back. */
  no: string | null
  principal_fen: number
  bonus_fen: number
}

export interface WalletPage {
  wallet: Wallet
  offers: TopUpOffer[]
  entries: WalletEntry[]
  next: number | null
}

export interface TopUp {
  id: number
  no: string
  store_id: number
  state: 'placed' | 'paid' | 'cancelled' | 'expired' | 'returned'
  principal_fen: number
  bonus_fen: number
  pay_by: string | null
  paid_at: string | null
}

/** The copy of everything held about a member: made by a job, taken once. */
export interface Copy {
  state: 'making' | 'ready' | 'taken' | 'expired'
  asked_at: string
  expires_at: string | null
}

/** A member who asked to be forgotten: when, and what keeps it from being done. */
export interface Leaving {
  asked_at: string
  due_at: string
  waits_for: string | null
}

export type Gender = 'female' | 'male' | 'unsaid'

/** What a member says of themselves, of `member/profile.py`. */
export interface Profile {
  nickname: string
  /** YYYY-MM-DD; told once. */
  birthday: string | null
  gender: Gender | null
  complete: boolean
}

/** What came of an invite code at registration; null when none was given. */
export type Invitation = 'accepted' | 'unknown' | 'self' | 'already_member' | 'already_invited' | null

/** Somebody the member invited, masked; `bought` waits for the after-sale window. */
export interface Friend {
  name: string
  phone: string | null
  at: string
  state: 'joined' | 'bought' | 'paid' | 'capped' | 'late' | 'void'
  points: number
}

/** Bring a friend, of `member/referral.py`. */
export interface Invite {
  code: string
  points: number
  friend_points: number
  max_per_month: number
  paid_this_month: number
  friends: Friend[]
}

/** What stands behind a scanned code: S store, T table or shelf, G guide, P product, M a friend's invitation. */
export interface Scene {
  kind: 'S' | 'T' | 'G' | 'P' | 'M'
  store_id: number | null
  staff_id: number | null
  product_id: number | null
  invite: string | null
}

/** What anybody may see of an order who opens it from WeChat's order centre; `order_id` only for whose it is. */
export interface OrderGlance {
  no: string
  state: string
  mode: string
  store_name: string
  store_address: string
  kinds: number
  order_id: number | null
}

/** What the shop tells by WeChat, of `member/reach/kinds.py`. */
export type MessageKind =
  | 'paid'
  | 'ready'
  | 'shipped'
  | 'changed'
  | 'refund'
  | 'group'
  | 'service'
  | 'arrival'
  | 'points'
  | 'points_expiring'
  | 'coupon_expiring'

/** Which templates may be asked about (WeChat's ids), and how many messages of each kind are promised. */
export interface Telling {
  templates: Partial<Record<MessageKind, string>>
  free: Partial<Record<MessageKind, number>>
  /** Where a browser outside WeChat asks: the stand-in's page. */
  page: string | null
}

/** What the person said to one template. */
export interface TemplateAnswer {
  template_id: string
  accepted: boolean
}
