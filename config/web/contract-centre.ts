/** The order centre's contract (`/api/desk/centre`). Money is integer fen, times are ISO 8601 UTC. */

export type Queue = 'review' | 'exceptions' | 'unrouted' | 'overdue' | 'refunds' | 'frozen'

export interface QueueFigures {
  queue: Queue
  count: number
  money_fen: number
  oldest_at: string | null
  overdue: number
}

export interface KindFigures {
  kind: string
  count: number
  money_fen: number
  oldest_at: string
}

/** What WeChat keeps until it is told of the goods; `old_*` was paid more than a day ago, `late` WeChat should know. */
export interface Frozen {
  payments: number
  money_fen: number
  oldest_at: string | null
  old_payments: number
  old_money_fen: number
  late: number
  managed: boolean
}

/** What WeChat was told of one payment's goods. */
export interface Told {
  tender_id: number
  trade_no: string
  amount_fen: number
  state: 'waiting' | 'due' | 'told' | 'ended'
  told_at: string | null
  due_at: string | null
  next_try_at: string | null
  tries: number
  code: string
  corrections: number
  parcels: number
}

export interface CentreOverview {
  queues: QueueFigures[]
  kinds: KindFigures[]
  last_order_at: string | null
  frozen: Frozen
  review: { judged: number; passed: number; passed_bp: number; target_bp: number }
}

export interface CentreOrder {
  no: string
  state: string
  payable_fen: number
  placed_at: string
  paid_at: string | null
  remark: string
  customer: string
}

/** A held order (`type` hold, `kind` review) or an exception. */
export interface CentreItem {
  ref: string
  type: 'hold' | 'case'
  kind: string
  subject: string
  store_id: number | null
  order_id: number | null
  at_store_id: number | null
  store_name: string | null
  at_store_name: string | null
  money_fen: number
  at_stake: number
  unit: string
  cause: string | null
  facts: Record<string, unknown>
  owner: string
  owner_name: string | null
  opened_at: string
  due_at: string
  taken_at: string | null
  next_try_at: string | null
  tries: number
  resolved_at: string | null
  resolver: string | null
  note: string
  order: CentreOrder | null
}

export interface CentreLine {
  line_no: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  qty: number
  list_fen: number
  net_fen: number
  gift: boolean
}

export interface CentreFact {
  at: string
  kind: string
  actor: string
  name: string
  data: Record<string, unknown>
}

export interface Choice {
  value: number
  label: string
}

/** A legal way out: what it needs, from which choices, and whether it must be confirmed as it cannot be undone. */
export interface Way {
  name: string
  needs: string[]
  grave: boolean
  choices: Record<string, Choice[]>
}

/** Which stores were chosen (none: `outcome` says why), how many could, and by filter how many could not. */
export interface Routed {
  hop: number
  at: string
  outcome: string
  stores: string[]
  able: number
  removed: Record<string, number>
}

export interface CentreDetail extends CentreItem {
  lines: CentreLine[]
  routing: Routed[]
  shipping: Told[]
  history: CentreFact[]
  remedies: Way[]
}
