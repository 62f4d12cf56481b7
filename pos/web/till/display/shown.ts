/** What the customer sees, and nothing else: it holds no full phone, no id, no token but that of the receipt. */
export interface Shown {
  stage: 'idle' | 'sale' | 'pay' | 'code' | 'done'
  store: string
  lines: ShownLine[]
  touched: number
  list_fen: number
  saved_fen: number
  due_fen: number
  /** The server has not counted it yet. */
  counting: boolean
  member: { name: string; phone: string; points: number } | null
  earns_points: number
  received_fen: number
  change_fen: number
  url: string | null
  alone: boolean
}

export interface ShownLine {
  name: string
  qty: string
  fen: number
  list_fen: number
  gift: boolean
}

export type Message = { kind: 'here' } | { kind: 'who' } | { kind: 'show'; shown: Shown }

export const CHANNEL = 'tongdian-display'
/** Where the window's address ends: the same page as the till, so that it opens without network too. */
export const PATH = '/till/display'

/** 138****2046, whatever was given. */
export const masked = (phone: string): string =>
  phone.replace(/^(\+?\d{0,3}1\d{2})\d{4}(\d{4})$/, '$1****$2')
