import type { Link, Place } from './document'

/** Words that can be chosen; nobody is named in them. */
export type VoidReason = 'left' | 'wrong' | 'money' | 'again'

/** A basket that was thrown away and could not be told at once (`trade/orders/offline/void.py`). */
export interface VoidDocument extends Link {
  kind: 'void'
  /** The basket's own id, the same as in what was told online. */
  id: string
  reason: VoidReason
  lines: { name: string; qty: number; list_fen: number }[]
  /** What the customer was told; none of it is in the drawer. */
  told_fen: number
  after_subtotal: boolean
  /** The server's approval, or else who gave their PIN without network. */
  approval_id: number | null
  approver_id: number | null
  held_id: string | null
  held_version: number
}

/** A voided basket as the till keeps it until it is told, with who voided it and in which shift. */
export type Voided = Omit<VoidDocument, keyof Link> &
  Pick<Link, 'shift_id' | 'shift_uuid' | 'staff_id'>

/** What is told of it online, where only a manager's word that the server has counts. */
export const toldOf = (voided: Voided) => ({
  id: voided.id,
  reason: voided.reason,
  lines: voided.lines,
  payable_fen: voided.told_fen,
  after_subtotal: voided.after_subtotal,
  ...(voided.approval_id && { approval_ids: [voided.approval_id] }),
  ...(voided.held_id && { held_id: voided.held_id, held_version: voided.held_version }),
})

/** The same as a link in the chain: of its own shift and cashier, whoever stands there by now. */
export const voidOf = (voided: Voided, place: Place): VoidDocument => ({
  kind: 'void',
  ...place,
  ...voided,
})
