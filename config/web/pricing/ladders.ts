/** Phase 1: exclusive unit prices, and the ladders of them that a line may choose (会员价, 限时抢购, 清仓价, 秒杀). */

import { halfUp, times } from './fen'
import { at, sorted } from './lists'
import { covers, type Left, type Rule, UNLIMITED } from './rules'
import { costFen, type Good, keyOf, LIST, netOf, type Segment } from './segments'

/** An exclusive price of one line: `most` units of it, null for all. */
export interface Offer {
  readonly rule: Rule
  readonly unit_fen: number
  readonly most: number | null
}

/** One way to price the units of a line. */
export interface Ladder {
  readonly net_fen: number
  readonly segments: readonly Segment[]
}

/** For a line of which nothing is left. */
export const NOTHING: Ladder = { net_fen: 0, segments: [] }

/**
 * Per line the exclusive prices below its list price, cheapest first; the activity first where `first` says so.
 *
 * Limited units go to the lines in the order of saving per unit, then line; weighed goods get none of them.
 */
export function offers(
  goods: readonly Good[],
  units_fen: readonly number[],
  rules: readonly Rule[],
  left: ReadonlyMap<number, Left>,
  first: boolean,
): Offer[][] {
  const found: Offer[][] = goods.map(() => [])
  for (const rule of rules) {
    let limit = limitOf(rule, left.get(rule.id) ?? UNLIMITED)
    let cheaper = lowered(rule, goods, units_fen)
    if (limit !== null) {
      cheaper = sorted(
        cheaper,
        (a, b) => a.fen - at(units_fen, a.line) - (b.fen - at(units_fen, b.line)),
      )
    }
    for (const { line, fen } of cheaper) {
      const good = at(goods, line)
      const most: number | null =
        limit === null ? null : good.weighed ? 0 : Math.min(limit, good.qty)
      if (limit !== null) limit -= most ?? 0
      if (most !== 0) at(found, line).push({ rule, unit_fen: fen, most })
    }
  }
  const last = (offer: Offer) => (first && offer.rule.stack === 'member' ? 1 : 0)
  return found.map((one) =>
    sorted(one, (a, b) => last(a) - last(b) || a.unit_fen - b.unit_fen || a.rule.id - b.rule.id),
  )
}

function lowered(rule: Rule, goods: readonly Good[], units_fen: readonly number[]) {
  const found: { line: number; fen: number }[] = []
  goods.forEach((good, line) => {
    if (!covers(rule, good.sku_id, good.category_id)) return
    const fen = unitFen(rule, good.sku_id, at(units_fen, line))
    if (fen < at(units_fen, line)) found.push({ line, fen })
  })
  return found
}

/** What a rule of phase 1 makes of a unit price, in fen per piece or kilogram. */
function unitFen(rule: Rule, sku_id: number, list_fen: number): number {
  if (rule.prices.size) return rule.prices.get(sku_id) ?? list_fen
  if (rule.rate_bp) return halfUp(times(list_fen, rule.rate_bp), 10_000)
  return Math.max(list_fen - rule.off_fen, 0)
}

/** How many of something an order may have; null is no limit. */
export function limitOf(rule: Rule, left: Left): number | null {
  const most = rule.most_per_order || null
  if (most === null || left.units === null) return most ?? left.units
  return Math.min(most, left.units)
}

/** Every ladder of a line for so many of its units: a subset of the classes on offer; lowest net first. */
export function ladders(
  line: number,
  good: Good,
  list_fen: number,
  units: number,
  onOffer: readonly Offer[],
  first: boolean,
): Ladder[] {
  const classes = [...new Set(onOffer.map((offer) => offer.rule.stack))].sort()
  const found = new Map<string, Ladder>()
  for (let mask = (1 << classes.length) - 1; mask >= 0; mask -= 1) {
    const chosen = classes.filter((_, bit) => (mask >> bit) & 1)
    const skips = classes.includes('flash') && !chosen.includes('flash')
    if (first && chosen.includes('member') && skips) continue
    const rungs = onOffer.filter((offer) => chosen.includes(offer.rule.stack))
    const segments = climb(line, good, list_fen, units, rungs)
    const key = keyOf(segments)
    if (!found.has(key)) found.set(key, { net_fen: netOf(segments), segments })
  }
  return sorted([...found.values()], (a, b) => a.net_fen - b.net_fen)
}

function climb(
  line: number,
  good: Good,
  list_fen: number,
  units: number,
  onOffer: readonly Offer[],
): Segment[] {
  const segments: Segment[] = []
  let rest = units
  for (const { rule, unit_fen, most } of onOffer) {
    const take = most === null ? rest : Math.min(rest, most)
    if (take) {
      const net_fen = costFen(good, unit_fen, take)
      segments.push({ line, units: take, net_fen, cls: rule.stack, rule_id: rule.id })
      rest -= take
    }
  }
  if (rest) {
    const net_fen = costFen(good, list_fen, rest)
    segments.push({ line, units: rest, net_fen, cls: LIST, rule_id: 0 })
  }
  return segments
}
