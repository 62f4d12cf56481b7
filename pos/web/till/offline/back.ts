import type { ReturnPaper } from '@web/contract'
import type { Link, Place } from './document'
import type { Kept } from './journal'
import type { DocumentLine, SaleDocument } from './sale'

/** Goods of a sale of this device that came back without network (`trade/orders/offline/back_said.py`). */
export interface BackDocument extends Link {
  kind: 'back'
  /** The id of the sale. */
  sale: string
  lines: { line_no: number; qty: number }[]
  /** The cash that was given back. */
  payable_fen: number
  reason: string
}

/** A sale of this device, and what came back of it: units by line number. */
export interface Sold {
  sale: SaleDocument
  back: ReadonlyMap<number, number>
}

/** The sales among documents, the newest first, with what other documents took back of them. */
export function soldOf(documents: readonly Kept[]): Sold[] {
  const read = documents.map((one) => JSON.parse(one.body) as Link)
  const backs = read.filter((one): one is BackDocument => one.kind === 'back')
  return read
    .filter((one): one is SaleDocument => one.kind === 'sale')
    .map((sale) => {
      const back = new Map<number, number>()
      for (const { line_no, qty } of backs
        .filter((one) => one.sale === sale.uuid)
        .flatMap((one) => one.lines))
        back.set(line_no, (back.get(line_no) ?? 0) + qty)
      return { sale, back }
    })
    .sort((one, other) => other.sale.seq - one.sale.seq)
}

const left = ({ sale, back }: Sold, at: number): number =>
  (sale.lines[at]?.qty ?? 0) - (back.get(at + 1) ?? 0)

/** Units that may still come back, line by line. */
export const leftOf = (sold: Sold): number[] => sold.sale.lines.map((_, at) => left(sold, at))

/**
 * With a promotion in the sale it comes back as a whole or not at all: what a part of it is worth depends on rules
 * that only the server applies to returns.
 */
export const onlyWhole = ({ sale }: Sold): boolean => sale.uses.some((use) => use.off_fen > 0)

/** What units of a line were paid: the k-th to the n-th of them, so that all parts together are the whole. */
function partOf(line: DocumentLine, before: number, qty: number): number {
  const upTo = (units: number) => Math.floor((line.net_fen * units) / line.qty)
  return upTo(before + qty) - upTo(before)
}

/** What so many units of each line were paid. */
const partsOf = ({ sale, back }: Sold, wants: readonly number[]): number[] =>
  sale.lines.map((line, at) => partOf(line, back.get(at + 1) ?? 0, wants[at] ?? 0))

/** What so many units of each line come to in cash; the last of a sale takes the rounding with it. */
export function refundOf(sold: Sold, wants: readonly number[]): number {
  const { sale } = sold
  const parts = partsOf(sold, wants)
  const all = sale.lines.every((_, at) => left(sold, at) === (wants[at] ?? 0))
  return parts.reduce((sum, fen) => sum + fen, all ? sale.rounding_fen : 0)
}

/** The document of a return. */
export function backOf(
  sold: Sold,
  wants: readonly number[],
  reason: string,
  place: Place,
): BackDocument {
  const lines = wants.flatMap((qty, at) => (qty > 0 ? [{ line_no: at + 1, qty }] : []))
  return {
    kind: 'back',
    ...place,
    sale: sold.sale.uuid,
    lines,
    payable_fen: refundOf(sold, wants),
    reason,
  }
}

/** What is printed of it before the server knows; `at` names the store, the till and who stands there. */
export function backPaper(
  sold: Sold,
  wants: readonly number[],
  { no, payable_fen, at_ms, offset_ms }: BackDocument,
  at: Pick<ReturnPaper, 'store_name' | 'till_name' | 'cashier'>,
): ReturnPaper {
  const parts = partsOf(sold, wants)
  const lines = sold.sale.lines.flatMap(({ name, spec, weighed }, n) => {
    const qty = wants[n] ?? 0
    return qty > 0 ? [{ name, spec, weighed, qty, refund_fen: parts[n] ?? 0 }] : []
  })
  return {
    no,
    order_no: sold.sale.no,
    ...at,
    at: new Date(at_ms - offset_ms).toISOString(),
    lines,
    freight_fen: 0,
    kept_fen: 0,
    rounding_fen: parts.reduce((sum, fen) => sum + fen, 0) - payable_fen,
    refund_fen: payable_fen,
    refunds: [{ kind: 'cash', amount_fen: payable_fen }],
    member: null,
    points_back: 0,
    points_clawed: 0,
  }
}
