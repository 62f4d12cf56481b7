/** The basket as the engine handles it: goods, and the segments of their units that share a price and its history. */

import { lineFen } from './fen'
import { at } from './lists'

export const LIST = 'list'

/**
 * A basket line: pieces, or grams of weighed goods.
 *
 * `steps` are the price book's (from this quantity of the sku, unit price in fen per piece or kilogram), ascending;
 * the first counts from 1.
 */
export interface Good {
  readonly line_no: number
  readonly sku_id: number
  readonly category_id: number
  readonly qty: number
  readonly weighed: boolean
  readonly steps: readonly (readonly [number, number])[]
}

/** Units of line `line` (an index, not a number) at one price; `cls` is their class in the stacking table. */
export interface Segment {
  readonly line: number
  readonly units: number
  readonly net_fen: number
  readonly cls: string
  readonly rule_id: number
}

/** What so many of its units cost at a unit price. */
export function costFen(good: Good, unit_fen: number, units: number): number {
  return lineFen(unit_fen, units, good.weighed)
}

/** The same for the same segments. */
export function keyOf(segments: readonly Segment[]): string {
  return segments
    .map((one) => `${one.line},${one.units},${one.net_fen},${one.cls},${one.rule_id}`)
    .join(';')
}

export function netOf(segments: readonly Segment[]): number {
  let found = 0
  for (const one of segments) found += one.net_fen
  return found
}

/** The list price of each line: the step that the sku's quantity in the whole basket reaches. */
export function unitPrices(goods: readonly Good[]): number[] {
  const together = new Map<number, number>()
  for (const good of goods) together.set(good.sku_id, (together.get(good.sku_id) ?? 0) + good.qty)
  return goods.map((good) => {
    let price_fen = at(good.steps, 0)[1]
    for (const [from_qty, fen] of good.steps) {
      if ((together.get(good.sku_id) ?? 0) >= from_qty) price_fen = fen
    }
    return price_fen
  })
}
