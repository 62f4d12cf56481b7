/** The HTTP contract of the store desk. `qty` is pieces, or grams when `weighed`. */

export type Temperature = 'ambient' | 'chilled' | 'frozen'
export type Mode = 'pickup' | 'delivery' | 'ship'

export interface DeskLine {
  line_no: number
  sku_id: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  qty: number
  picked_qty: number
  /** Given up as missing, and refunded. */
  short_qty: number
  handed_qty: number
  shelf: string
  barcode: string | null
  picture: string
  temperature: Temperature
  /** Given in place of what was ordered. */
  substituted?: boolean
  /** What was offered for it, newest last. */
  substitutes?: Substitute[]
  count_due?: boolean
  /** When the stock of it here was last counted. */
  counted_at: string | null
}

export type DeskStage = 'new' | 'picking' | 'ready'
export type ParcelState =
  | 'assigned'
  | 'accepted'
  | 'picking'
  | 'picked'
  | 'ready'
  | 'packed'
  | 'courier_called'
  | 'handed'
  | 'delivered'
  | 'no_show'
  | 'returning'
  | 'returned'
  | 'cancelled'

/** What became of telling the customer. */
export interface Notice {
  event: string
  state: 'queued' | 'sent' | 'failed' | 'not_authorised' | 'expired' | 'given_up'
  way: '' | 'subscribe' | 'service'
  /** WeChat's own code, where it refused. */
  code: string
  version: number
  asked_at: string
  settled_at: string | null
  /** When WeChat last took the same message, by this or an earlier sending. */
  told_at: string | null
  resends_left: number
}

/** Another item offered for one that lacks; `refund_fen` is what it costs less than what was paid. */
export interface Substitute {
  id: number
  by_sku_id: number
  name: string
  spec: string
  unit: string
  picture: string
  qty: number
  refund_fen: number
  /** What became of it (`trade/orders/substituting.py`); null while the customer is asked. */
  outcome: 'agreed' | 'declined' | 'dropped' | 'lapsed' | null
  answer_by: string | null
}

export interface DeskOrder {
  id: number
  no: string
  store_id: number
  order_id: number
  stage: DeskStage | 'done' | string
  state: ParcelState
  mode: Mode
  placed_at: string
  paid_at: string
  promise_at: string | null
  assigned_at: string | null
  accept_by: string | null
  /** Until when the store may say no to a customer who wants to cancel. */
  cancel_by: string | null
  accepted_at: string | null
  /** The colleague who took it on. */
  taken_by?: string
  customer: string
  remark: string
  items: number
  payable_fen: number
  ready_at: string | null
  closed_at: string | null
  place: string
  bags: number
  carrier: string
  tracking_no: string
  seals: string[]
  /** Whether the customer agreed beforehand to another item in place of a missing one. */
  may_substitute?: boolean
  /** When the clock of accepting is nudged, and loudly: it stands still while the store is shut. */
  nudge_at?: string | null
  loud_at?: string | null
  /** Somebody else fetches it. */
  delegated?: boolean
  failed_because?: string | null
  /** The after-sales case that it replaces goods for, or sends them again. */
  case_id?: number | null
  region_name?: string
  recipient?: string
  notice?: Notice | null
  /** The open waves that it is picked in, one for each temperature. */
  waves?: { wave_id: number; tote: number; temperature: Temperature; picker: string | null }[]
  lines: DeskLine[]
}

export interface DeskOrders {
  /** Those with the least time left; `total` are open. */
  parcels: DeskOrder[]
  total: number
  counts: Record<DeskStage, number>
  /** How labels of scales read in this store. */
  layouts: string[]
}

export interface DoneOrder {
  no: string
  at: string
  by: string
  customer: string
  items: number
}

export const REFUSE_REASONS = [
  'not_found',
  'mismatch',
  'damaged',
  'display_worn',
  'overload',
  'closing',
] as const
export type RefuseReason = (typeof REFUSE_REASONS)[number]

/** One's own store over the last days: counts and median seconds, null before the first. */
export interface Score {
  asked: number
  answered: number
  rejected: number
  timed_out: number
  moved_in: number
  moved_out: number
  accept_s: number | null
  picked: number
  pick_s: number | null
  wanted: number
  short: number
  waited: number
  no_shows: number
}

export interface Intake {
  paused_until: string | null
  closes_early_at: string | null
  capacity_minutes: number
}

export interface Scoreboard {
  days: number
  score: Score
  intake: Intake
}

export interface Window {
  from_at: string
  to_at: string
  label: string
  open: boolean
}
