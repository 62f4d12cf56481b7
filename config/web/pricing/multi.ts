/**
 * Phase 2: deals that consume several units (N件折, 第二件半价, 买X送Y, 组合套餐).
 *
 * Units are sorted by price descending, then line; runs of equal units are counted, never walked one by one. In groups
 * of `n` the cheapest comes last.
 */

import { floorDiv, halfUp, split, times } from './fen'
import { at, sorted, sum } from './lists'
import { covers, type Pair, type Rule } from './rules'
import type { Good, Segment } from './segments'

/** What one deal took: per line the units, their list value, and what it takes off. */
export interface Taken {
  readonly lines: readonly number[]
  readonly units: readonly number[]
  readonly segments: readonly Segment[]
}

/** The lines whose units the deal may consume; never weighed goods. */
export function eligible(rule: Rule, goods: readonly Good[]): number[] {
  const lines = goods.map((_, line) => line)
  return lines.filter((line) => {
    const good = at(goods, line)
    return !good.weighed && covers(rule, good.sku_id, good.category_id)
  })
}

/** The deal on the free units of its lines, at most `most` sets (0 is no limit); null when it takes nothing off. */
export function take(
  rule: Rule,
  lines: readonly number[],
  free: readonly number[],
  goods: readonly Good[],
  units_fen: readonly number[],
  most: number,
): Taken | null {
  const found: Taken[] = []
  if (rule.kind === 'bundle') {
    const part = bundle(rule, lines, free, goods, units_fen, most)
    if (part) found.push(part)
  } else {
    let left = most
    for (const group of groupsOf(rule, lines, goods)) {
      const { part, sets } = run(rule, group, free, units_fen, left)
      if (part) found.push(part)
      left -= most ? sets : 0
      if (most && !left) break
    }
  }
  if (!found.length) return null
  return {
    lines: found.flatMap((part) => part.lines),
    units: found.flatMap((part) => part.units),
    segments: found.flatMap((part) => part.segments),
  }
}

function groupsOf(rule: Rule, lines: readonly number[], goods: readonly Good[]) {
  if (rule.across) return [lines]
  const skuOf = (line: number) => at(goods, line).sku_id
  const skus = [...new Set(lines.map(skuOf))].sort((a, b) => a - b)
  return skus.map((sku) => lines.filter((line) => skuOf(line) === sku))
}

function bundle(
  rule: Rule,
  lines: readonly number[],
  free: readonly number[],
  goods: readonly Good[],
  units_fen: readonly number[],
  most: number,
): Taken | null {
  const freeOf = (sku: number) =>
    sum(lines.filter((line) => at(goods, line).sku_id === sku).map((line) => at(free, line)))
  let sets = Math.min(...rule.parts.map(([sku, qty]) => floorDiv(freeOf(sku), qty)))
  if (most) sets = Math.min(sets, most)
  if (!sets) return null
  const need = new Map(rule.parts.map(([sku, qty]) => [sku, qty * sets]))
  const took: Pair[] = []
  for (const line of lines) {
    const { sku_id } = at(goods, line)
    const wanted = need.get(sku_id) ?? 0
    const units = Math.min(wanted, at(free, line))
    need.set(sku_id, wanted - units)
    if (units) took.push([line, units])
  }
  const value_fen = sum(took.map(([line, units]) => times(at(units_fen, line), units)))
  return taken(rule, took, units_fen, value_fen - times(rule.price_fen, sets))
}

/** One price-sorted run of units; also how many sets it was. */
function run(
  rule: Rule,
  lines: readonly number[],
  free: readonly number[],
  units_fen: readonly number[],
  most: number,
): { part: Taken | null; sets: number } {
  const inRun = sorted(
    lines.filter((line) => at(free, line)),
    (a, b) => at(units_fen, b) - at(units_fen, a),
  )
  const count = sum(inRun.map((line) => at(free, line)))
  if (rule.kind === 'nth_rate' && rule.on === 'all') {
    const whole = inRun.map((line): Pair => [line, at(free, line)])
    const value_fen = sum(whole.map(([line, units]) => times(at(units_fen, line), units)))
    const reached = rule.steps.filter(([n]) => count >= n)
    const rate_bp = reached.length ? at(reached, reached.length - 1)[1] : 10_000
    const off_fen = value_fen - halfUp(times(value_fen, rate_bp), 10_000)
    return { part: taken(rule, whole, units_fen, off_fen), sets: off_fen ? 1 : 0 }
  }
  const { size, lowered, offOf } = pattern(rule)
  const sets = most ? Math.min(floorDiv(count, size), most) : floorDiv(count, size)
  const took: Pair[] = []
  let [begin, off_fen] = [0, 0]
  for (const line of inRun) {
    const end = begin + at(free, line)
    const [a, b] = [Math.min(begin, sets * size), Math.min(end, sets * size)]
    if (b > a) {
      took.push([line, b - a])
      off_fen += times(lowered(b) - lowered(a), offOf(at(units_fen, line)))
    }
    begin = end
  }
  return { part: taken(rule, took, units_fen, off_fen), sets }
}

/** Size of a group, how many of the first `x` sorted units are lowered, and by how much each. */
function pattern(rule: Rule) {
  if (rule.kind === 'buy_get') {
    const size = rule.buy + rule.get
    const lowered = (x: number) => floorDiv(x, size) * rule.get + Math.max((x % size) - rule.buy, 0)
    return { size, lowered, offOf: (fen: number) => fen }
  }
  const [size, rate_bp] = at(rule.steps, 0)
  const offOf = (fen: number) => fen - halfUp(times(fen, rate_bp), 10_000)
  return { size, lowered: (x: number) => floorDiv(x, size), offOf }
}

function taken(
  rule: Rule,
  took: readonly Pair[],
  units_fen: readonly number[],
  off_fen: number,
): Taken | null {
  if (off_fen <= 0) return null
  const values = took.map(([line, units]) => times(at(units_fen, line), units))
  const shares = split(off_fen, values)
  const segments = took.map(([line, units], i) => {
    const net_fen = at(values, i) - at(shares, i)
    return { line, units, net_fen, cls: rule.stack, rule_id: rule.id }
  })
  return { lines: took.map(([line]) => line), units: took.map(([, units]) => units), segments }
}
