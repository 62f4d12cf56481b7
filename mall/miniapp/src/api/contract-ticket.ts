/** 客服工单 as the server answers it (`mall/http/service.py`). */

export const TICKET_KINDS = ['order', 'goods', 'refund', 'complaint', 'other'] as const
export type TicketKind = (typeof TICKET_KINDS)[number]

export interface TicketGlance {
  id: number
  kind: TicketKind
  state: 'waiting' | 'answered' | 'closed'
  order_id: number | null
  order_no: string
  store_name: string | null
  asked_at: string
  changed_at: string
  /** Until when we answer. */
  due_at: string | null
  /** When it closes by itself. */
  close_at: string | null
  closed_at: string | null
  closed_by: '' | 'member' | 'staff' | 'clock'
  last_words: string
  last_ours: boolean
}

export interface Said {
  id: number
  ours: boolean
  words: string
  photos: string[]
  at: string
}

export type Ticket = TicketGlance & { said: Said[] }

export interface TicketWish {
  kind: TicketKind
  order_id: number | null
  words: string
  photos: string[]
}
