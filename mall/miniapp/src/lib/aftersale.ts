import type { Case, CaseKind, Cause, LeftLine, Wish } from '../api/contract-after'

/** Which causes fit which wish; a lower price has its own. */
export const CAUSES: Record<CaseKind, Cause[]> = {
  unshipped_refund: ['unwanted', 'late', 'other'],
  return_refund: ['unwanted', 'quality', 'damaged', 'wrong_item', 'late', 'other'],
  refund_only: ['quality', 'damaged', 'missing', 'late', 'other'],
  exchange: ['wrong_item', 'quality', 'damaged', 'other'],
  resend: ['missing', 'wrong_item', 'damaged', 'other'],
  price_protection: ['price'],
  in_store: ['other'],
}

/** Wishes about goods, where no money goes back. */
export const NO_MONEY: readonly CaseKind[] = ['exchange', 'resend']
/** A case that goes on by goods which the customer sends. */
export const SENT_BACK: readonly CaseKind[] = ['return_refund', 'exchange']

/** "12.3" -> 1230; null for what is no amount. */
export function fenOf(typed: string): number | null {
  const found = /^(\d{1,7})(?:\.(\d{1,2}))?$/.exec(typed.trim())
  return found ? Number(found[1]) * 100 + Number((found[2] ?? '').padEnd(2, '0')) : null
}

/** What was chosen of each line: units, or the amount as it was typed. */
export interface Chosen {
  units: Record<number, number>
  amounts: Record<number, string>
}

export type Fault = 'nothing' | 'amount' | null

/** The wish as it is sent, or what is wrong with it. */
export function wishOf(order_id: number, kind: CaseKind, cause: Cause, lines: readonly LeftLine[], chosen: Chosen): { wish: Wish; fault: Fault } {
  const wish: Wish = { order_id, kind, cause, lines: [] }
  if (kind === 'price_protection') return { wish, fault: null }
  if (kind !== 'refund_only') {
    wish.lines = lines.flatMap(({ line_no }) => (chosen.units[line_no] ? [{ line_no, qty: chosen.units[line_no] }] : []))
    return { wish, fault: wish.lines.length ? null : 'nothing' }
  }
  for (const line of lines) {
    const typed = chosen.amounts[line.line_no] ?? ''
    if (!typed.trim()) continue
    const fen = fenOf(typed)
    if (fen === null || fen > line.left_fen) return { wish, fault: 'amount' }
    if (fen) wish.lines.push({ line_no: line.line_no, amount_fen: fen })
  }
  return { wish, fault: wish.lines.length ? null : 'nothing' }
}

/** What the customer may do now with a case of theirs; the server says the rest no matter what is shown. */
export function mayDo(one: Case): ('cancel' | 'ship' | 'appeal')[] {
  const appealed = one.steps?.some((step) => step.event === 'appealed') ?? false
  return (['cancel', 'ship', 'appeal'] as const).filter((event) => one.may.includes(event) && !(event === 'appeal' && appealed))
}
