/** What a cashier does with a basket beside selling it: a manager's word, holding, sellers, notes, voiding. */

/** What a manager may be asked to approve (`trade/stores/approvals/states.py`). */
export type ApprovalAction =
  | 'discount'
  | 'price_floor'
  | 'old_price'
  | 'take_over'
  | 'void'
  | 'no_sale'
  | 'sellers'
  | 'return'
  | 'late_return'
  | 'blind_return'
  | 'offline_mode'
  | 'tender_unknown'
  | 'variance'
  | 'late_shift'

/** What would change, for the manager to read. */
export interface ApprovalWhat {
  before_fen?: number
  after_fen?: number
  lines?: { name: string; before_fen?: number; after_fen?: number }[]
  said?: string
}

export interface Approval {
  id: number
  action: ApprovalAction
  subject: string
  reason: string
  what: ApprovalWhat
  state: 'asked' | 'approved' | 'refused' | 'withdrawn' | 'used'
  till_name: string | null
  asked_by_name: string
  approver_id: number | null
  approver_name: string | null
  asked_at: string
  until_at: string
}
