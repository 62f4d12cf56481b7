import type { HeldHand, Member } from '@web/contract'
import type { Line } from './line'

/** What of a basket survives a reload, a colleague's PIN, and being put aside. */
export interface Kept {
  lines: Line[]
  member: Member | null
  points: number
  discount_fen: number
  /** Leave to spend what the member holds: from their code, for one sale at this till. */
  authorisation: string | null
  coupon_ids: number[]
  /** Promotions that the customer does not want. */
  barred: number[]
  /** The cashier chose the coupons; else the best set is taken. */
  chosenCoupons: boolean
  /** The basket put aside that this was. */
  held: HeldHand | null
  /** What managers approved of it. */
  approvals: number[]
  /** Which manager said yes to what is cheaper by hand, up to so much: a sale without network names them. */
  word: HandWord | null
  /** What is noted with it, and whether money was asked for: from then on voiding it needs a manager. */
  ticket: Ticket
}

export interface HandWord {
  approver_id: number
  /** Why, as they read it: the reason of what comes off the whole order. */
  reason: string
  off_fen: number
}

export interface Ticket {
  note: string
  print_notes: boolean
  subtotal: boolean
}

/** What the customer wants to spend of what they hold. */
export interface Wish {
  points: number
  discount_fen: number
  coupon_ids: number[]
}

export const empty = (): Kept => ({
  lines: [],
  member: null,
  points: 0,
  discount_fen: 0,
  authorisation: null,
  coupon_ids: [],
  barred: [],
  chosenCoupons: false,
  held: null,
  approvals: [],
  word: null,
  ticket: { note: '', print_notes: false, subtotal: false },
})

/** What goes with a line beside its price. */
export const noted = (line?: Line) => ({
  ...(line?.note && { note: line.note }),
  ...(line?.sellers && { sellers: line.sellers }),
})

export const nothing = (): Wish => ({ points: 0, discount_fen: 0, coupon_ids: [] })
