/** 客服工单 as `pos/http/service.py` answers it. */

export interface DeskTicket {
  id: number
  kind: 'order' | 'goods' | 'refund' | 'complaint' | 'other'
  state: 'waiting' | 'answered' | 'closed'
  /** The head office answers. */
  office: boolean
  order_no: string
  store_name: string | null
  member: string
  phone_tail: string
  asked_at: string
  changed_at: string
  due_at: string | null
  close_at: string | null
  closed_at: string | null
  closed_by: '' | 'member' | 'staff' | 'clock'
  last_words: string
  last_ours: boolean
}

export interface Said {
  id: number
  ours: boolean
  who: string
  words: string
  photos: string[]
  at: string
}

export type WholeTicket = DeskTicket & { said: Said[] }
