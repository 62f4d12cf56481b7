import type { ApprovalAction } from './contract-sale'

/** Drawers, shifts and their Z (`pos/http/shifts.py`). */

export type ShiftState = 'open' | 'counted' | 'sealed' | 'settled'

/** `id` is 0 while the server has not heard of a shift that was opened without network: `uuid` names it everywhere. */
export interface Shift {
  id: number
  uuid: string
  till_name: string
  drawer_name: string
  staff_name: string
  state: ShiftState
  opened_at: string
  sells_until: string
  prolonged: boolean
  float_fen: number
  proposed_fen: number | null
  sales: number
  counts: number
  counted_at: string | null
  counted_fen: number | null
  taken_fen: number
  unsent: number
  unsent_fen: number
  /** Documents of its tills that are not there yet. */
  missing: number
  differs: boolean | null
  expected_fen: number | null
  difference_fen: number | null
  limit_fen: number | null
  /** Told with what was expected, as that is. */
  voided: VoidedBy[]
  z_no: number | null
}

/** Pieces by face value in fen. */
export type Pieces = Record<number, number>

export type CashKind = 'paid_in' | 'paid_out' | 'drop'

export interface CashMove {
  id: number
  kind: CashKind
  fen: number
  goes_to: 'safe' | 'bank' | null
  reason: string
  at: string
  staff_name: string
}

/** How many tickets somebody voided, what they came to, and how many of them a manager approved. */
export interface VoidedBy {
  name: string
  n: number
  fen: number
  approved: number
}

/** What is cash, or tells it, is there only for who may approve. */
export interface ShiftFigures {
  sales: number
  sold_fen?: number
  top_ups: number
  topped_fen?: number
  rounding_fen?: number
  tenders: Record<string, number>
  returns: number
  refunds: Record<string, number>
  paid_in_fen: number
  paid_out_fen: number
  drops_fen: number
  voided: VoidedBy[]
  expected_fen?: number
}

export interface XReport {
  shift: Shift
  figures: ShiftFigures
  moves: CashMove[]
  words: AloneWord[]
}

/** What a manager allowed by PIN at a till without network, for a time. */
export interface AloneWord {
  action: ApprovalAction
  reason: string
  asked_by: string
  approved_by: string
  at: string
  until_at: string
}

/** A basket that is put aside in the store. */
export interface Handed {
  id: string
  note: string
  names: string[]
  payable_fen: number
}
