/** Phase 3: what an activity takes off goods that cost so much (满减, 每满减, 满折, 加价购). */

import { floorDiv, halfUp, times } from './fen'
import { at } from './lists'
import type { Pair, Rule } from './rules'

/** One of these a segment. */
export function owns(rule: Rule): boolean {
  return rule.kind === 'amount_off' || rule.kind === 'amount_rate'
}

/** What 满减 or 满折 takes off `base_fen`; never more than that. */
export function offFen(rule: Rule, base_fen: number): number {
  let off: number
  if (rule.kind === 'amount_rate') {
    off = base_fen - halfUp(times(base_fen, rateBp(rule, base_fen)), 10_000)
  } else if (rule.every) {
    const [threshold_fen, step_fen] = at(rule.steps, 0)
    off = times(floorDiv(base_fen, threshold_fen), step_fen)
  } else {
    off = reached(rule.steps, base_fen, 0)
  }
  if (rule.cap_fen) off = Math.min(off, rule.cap_fen)
  return Math.min(off, base_fen)
}

function reached(steps: readonly Pair[], base_fen: number, otherwise: number): number {
  let found = otherwise
  for (const [threshold_fen, value] of steps) {
    if (base_fen >= threshold_fen) found = value
  }
  return found
}

/** The threshold not reached yet, and what it would take off or the rate it would give; null at the last. */
export function nextStep(rule: Rule, base_fen: number): Pair | null {
  if (!rule.every) return rule.steps.find(([at_fen]) => base_fen < at_fen) ?? null
  const [threshold_fen, step_fen] = at(rule.steps, 0)
  const sets = floorDiv(base_fen, threshold_fen) + 1
  if (rule.cap_fen && (sets - 1) * step_fen >= rule.cap_fen) return null
  const off_fen = times(sets, step_fen)
  return [times(sets, threshold_fen), rule.cap_fen ? Math.min(off_fen, rule.cap_fen) : off_fen]
}

/** Every cost, at most `most_fen`, at which the rule takes off more than just below it; 每满 has at most 200. */
export function thresholds(rule: Rule, most_fen: number): number[] {
  if (!rule.every) return rule.steps.map(([at_fen]) => at_fen).filter((fen) => fen <= most_fen)
  const threshold_fen = at(rule.steps, 0)[0]
  const found: number[] = []
  for (let sets = 1; sets <= Math.min(floorDiv(most_fen, threshold_fen), 200); sets += 1) {
    found.push(sets * threshold_fen)
  }
  return found
}

/** The rate that 满折 gives at this cost. */
export function rateBp(rule: Rule, base_fen: number): number {
  return reached(rule.steps, base_fen, 10_000)
}

/** What 加价购 takes off each segment: up to `sets` units of the skus it names fall to its price. */
export function addOnShares(
  rule: Rule,
  sku_ids: readonly number[],
  units: readonly number[],
  nets_fen: readonly number[],
  may: readonly boolean[],
  sets: number,
): number[] {
  let rest = sets
  return sku_ids.map((sku_id, i) => {
    const price_fen = rule.prices.get(sku_id)
    if (!rest || !may[i] || price_fen === undefined) return 0
    const have = at(units, i)
    const take = Math.min(rest, have)
    const now_fen = floorDiv(times(at(nets_fen, i), take), have)
    const share = Math.max(now_fen - times(price_fen, take), 0)
    if (share) rest -= take
    return share
  })
}
