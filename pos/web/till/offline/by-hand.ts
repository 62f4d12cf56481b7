import type { ByHand, Quote } from '@web/contract'
import { lineFen, split } from '@web/pricing/fen'
import type { Line } from '../stores/line'
import type { Alone, DocumentLine } from './sale'
import type { AloneRule } from './word'

/** What each role may take off by hand, as `/api/pos/rules/limits` says it. */
export interface HandLimits {
  limits: { role: string; category_id: number; limit_bp: number }[]
  floors: { sku_id: number; floor_fen: number }[]
  otherwise: { role: string; limit_bp: number }[]
  alone?: AloneRule
}

/** A discount by hand in a document (`trade/orders/offline/sale_said.py`): off a line, or off all. */
export interface HandRow {
  line_no: number | null
  reason: ByHand['reason'] | null
  before_fen: number
  off_fen: number
}

type Above = Quote['needs_approval']

/** More was to be taken off than the goods cost. */
export class TooMuch extends Error {
  constructor(readonly max_fen: number) {
    super()
  }
}

/** The discounts by hand taken off, as `trade/pricing/by_hand.py` does it: lines first, then the whole by shares. */
export function takenOff(found: Alone, goods: readonly Line[], discount_fen: number): Alone {
  const by_hand: HandRow[] = []
  const offs = found.lines.map((line, at) => {
    const hand = goods[at]?.hand
    if (!hand || line.gift) return 0
    const off_fen = offOf(line, hand)
    const { reason } = hand
    by_hand.push({ line_no: at + 1, reason, before_fen: line.net_fen, off_fen })
    return off_fen
  })
  const left = found.lines.map((line, at) => line.net_fen - (offs[at] ?? 0))
  const left_fen = left.reduce((sum, fen) => sum + fen, 0)
  if (discount_fen > left_fen) throw new TooMuch(left_fen)
  const parts = discount_fen > 0 ? split(discount_fen, left) : []
  if (discount_fen > 0)
    by_hand.push({ line_no: null, reason: null, before_fen: left_fen, off_fen: discount_fen })
  const lines = found.lines.map((line, at) => cheaper(line, (offs[at] ?? 0) + (parts[at] ?? 0)))
  const payable_fen = left_fen - discount_fen
  return { ...found, lines, payable_fen, by_hand }
}

function offOf(line: DocumentLine, { off_fen = 0, unit_price_fen }: ByHand): number {
  const wanted =
    unit_price_fen === undefined
      ? off_fen
      : Math.max(line.net_fen - lineFen(unit_price_fen, line.qty, line.weighed), 0)
  if (wanted > line.net_fen) throw new TooMuch(line.net_fen)
  return wanted
}

/** One share by hand a line holds all that was taken off it so: a label's price, its own discount, its part of all. */
function cheaper(line: DocumentLine, off_fen: number): DocumentLine {
  if (off_fen === 0) return line
  const others = line.shares.filter((one) => one.source !== 'manual')
  const amount_fen = manualOf(line) + off_fen
  const share = { source: 'manual' as const, source_id: 0, version: 0, amount_fen }
  return { ...line, net_fen: line.net_fen - off_fen, shares: [...others, share] }
}

const manualOf = (line: DocumentLine): number =>
  line.shares.reduce((sum, one) => sum + (one.source === 'manual' ? one.amount_fen : 0), 0)

/** All that was taken off by hand; what labels say is nobody's discount. */
export const handOf = ({ by_hand }: Pick<Alone, 'by_hand'>): number =>
  by_hand.reduce((sum, one) => sum + one.off_fen, 0)

/** What is above a role's limits, or below a lowest price where `floors` count, as `by_hand.above` says it. */
export function aboveOf(
  { lines, by_hand }: Alone,
  goods: readonly Line[],
  known: HandLimits,
  role: string,
  floors = true,
): Above {
  if (by_hand.length === 0) return null
  const low = floors ? below(lines, known) : null
  if (low) return low
  const bpOf = (at: number): number => limitOf(known, role, goods[at]?.category_id ?? 0)
  const share = (at: number): number => (lines[at]?.list_fen ?? 0) * bpOf(at)
  for (const { line_no, off_fen } of by_hand) {
    if (line_no === null) continue
    const max_fen = Math.floor(share(line_no - 1) / 10_000)
    if (off_fen > max_fen) return { action: 'discount', line_no, max_fen }
  }
  const max_fen = Math.floor(lines.reduce((sum, _, at) => sum + share(at), 0) / 10_000)
  return handOf({ by_hand }) > max_fen ? { action: 'discount', max_fen } : null
}

function limitOf({ limits, otherwise }: HandLimits, role: string, category_id: number): number {
  const mine = limits.filter((one) => one.role === role)
  const of = (id: number) => mine.find((one) => one.category_id === id)?.limit_bp
  const built = otherwise.find((one) => one.role === role)?.limit_bp
  return of(category_id) ?? of(0) ?? built ?? 0
}

function below(lines: readonly DocumentLine[], { floors }: HandLimits): Above {
  for (const [at, line] of lines.entries()) {
    const floor_fen = floors.find((one) => one.sku_id === line.sku_id)?.floor_fen
    const off_fen = manualOf(line)
    if (floor_fen === undefined || off_fen === 0) continue
    const least_fen = lineFen(floor_fen, line.qty, line.weighed)
    if (line.net_fen >= least_fen) continue
    const max_fen = Math.max(line.net_fen + off_fen - least_fen, 0)
    return { action: 'price_floor', line_no: at + 1, max_fen }
  }
  return null
}
