import type { DeskLine, DeskOrder } from '@web/contract'
import { codesOf } from './codes'

/** Grams are picked as one bag, pieces one by one. */
export function step(line: DeskLine): number {
  return line.weighed ? line.qty : 1
}

export function isPicked(line: DeskLine): boolean {
  return line.picked_qty + line.short_qty >= line.qty
}

/** Lines that lie ready, and how many there are. */
export function progress(order: DeskOrder): { done: number; all: number } {
  return { done: order.lines.filter(isPicked).length, all: order.lines.length }
}

/** By shelf, as one walks; without a shelf last. */
export function byShelf(lines: DeskLine[]): DeskLine[] {
  const place = (line: DeskLine) => line.shelf || '\uffff'
  return [...lines].sort((one, other) =>
    place(one) === place(other)
      ? one.line_no - other.line_no
      : place(one).localeCompare(place(other), 'en', { numeric: true }),
  )
}

/** The line a scanned code stands for: unpicked ones first; a scale label names its PLU inside. */
export function lineOf(order: DeskOrder, code: string): DeskLine | null {
  const codes = codesOf(code)
  const fits = order.lines.filter(({ barcode }) => barcode !== null && codes.includes(barcode))
  return fits.find((line) => !isPicked(line)) ?? fits[0] ?? null
}

/** Until when the customer may say yes to something else in place of a line; null when nobody is asked. */
export function askedUntil(line: DeskLine): string | null {
  return line.substitutes?.find((one) => one.outcome === null)?.answer_by ?? null
}

/** The four digits people call an order by: the end of the phone, else of the number. */
export function tail(order: { customer: string; no: string }): string {
  return /\d{4}$/.exec(order.customer)?.[0] ?? order.no.slice(-4)
}
