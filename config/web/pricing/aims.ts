/**
 * Worth giving up a cheaper unit price for: the ways to lift the basket over thresholds, each with its bound.
 *
 * With every line at its lowest price the search has the best of all ways that reach no further threshold, because for
 * thresholds that stay as they are what is to pay never falls when a price rises. An *aim* is one way that does reach
 * one: activities in their order, each at one step, and coupons, with what each is short of.
 */

import * as activities from './activities'
import { type Case, span, type Voucher } from './case'
import { rateOff } from './coupons'
import { floorDiv, times } from './fen'
import type { Ladder } from './ladders'
import { at, type Lines, linesWhere, NO_LINES, sorted, sum } from './lists'
import type { Rule } from './rules'
import type { Segment } from './segments'
import { Sums } from './sums'
import type { Best } from './weigh'

/**
 * These lines must cost at least `missing_fen` more than at their lowest; with `sure_fen` more they do for certain.
 *
 * The two differ where it is not known how much earlier deductions take off these lines.
 */
export interface Need {
  readonly lines: Lines
  readonly missing_fen: number
  readonly sure_fen: number
}

/** A rate of what its lines cost: `base_fen` at their lowest, at most `raise_fen` more. */
interface Rate {
  readonly base_fen: number
  readonly raise_fen: number
  readonly rate_bp: number
  readonly cap_fen: number
}

/**
 * An activity at one step, a coupon or free freight: what it takes off, by rate or at most `most_fen`, and needs.
 *
 * `least_fen` it takes off for certain. `even`: its shares are in proportion to what the lines cost after phase 2.
 */
interface Part {
  readonly lines: Lines
  readonly least_fen: number
  readonly most_fen: number
  readonly rate: Rate | null
  readonly need: Need | null
  readonly even: boolean
}

/** `total_fen` is the basket at its lowest, with freight; `needs` what it is short of. */
export interface Aim {
  readonly total_fen: number
  readonly parts: readonly Part[]
  readonly needs: readonly Need[]
}

function aimOf(total_fen: number, parts: readonly Part[]): Aim {
  return { total_fen, parts, needs: parts.flatMap((part) => part.need ?? []) }
}

function rateAt(rate: Rate, more_fen: number): number {
  return rateOff(rate, rate.base_fen + Math.min(more_fen, rate.raise_fen))
}

/** What is to pay at least, the goods costing so much more; a fen is kept for the rounding of further rates. */
export function boundFen(aim: Aim, raised_fen: number): number {
  let [off_fen, rates] = [0, 0]
  for (const { rate, most_fen } of aim.parts) {
    off_fen += rate ? rateAt(rate, raised_fen) : most_fen
    if (rate) rates += 1
  }
  return aim.total_fen + raised_fen - off_fen - Math.max(rates - 1, 0)
}

/** One set of choices: the lowest and highest of each line, and the raises that sets of lines can give. */
export class Ground {
  readonly lowest: readonly number[]
  readonly highest: readonly number[]
  private readonly known = new Map<string, Sums>()

  constructor(
    readonly of: Case,
    readonly segments: readonly Segment[],
    readonly choices: readonly (readonly Ladder[])[],
  ) {
    const found = span(segments, choices)
    this.lowest = found.lowest
    this.highest = found.highest
  }

  /** What of the lines counts for a later deduction at their lowest, and how much more it may be. */
  base(lines: Lines, later: string): { base_fen: number; raise_fen: number } {
    let base_fen = lines.sum(this.lowest)
    const raise_fen = lines.sum(this.highest) - base_fen
    for (const one of this.segments) {
      if (lines.has(one.line) && this.of.closed(one.cls, later)) base_fen -= one.net_fen
    }
    return { base_fen, raise_fen }
  }

  /** The smallest raise of at least `missing_fen` that those of the lines from `begin` on can give. */
  leastRaise(lines: Lines, begin: number, missing_fen: number): number | null {
    return missing_fen <= 0 ? 0 : this.raises(lines, begin).least(missing_fen)
  }

  private raises(lines: Lines, begin: number): Sums {
    if (begin === this.choices.length) return Sums.ZERO
    const key = `${lines.key} from ${begin}`
    let found = this.known.get(key)
    if (!found) {
      const ladders = lines.has(begin) ? at(this.choices, begin) : []
      const raises = new Set(ladders.map((one) => one.net_fen - at(ladders, 0).net_fen))
      const after = this.raises(lines, begin + 1)
      found = raises.size ? after.plus([...raises]) : after
      this.known.set(key, found)
    }
    return found
  }
}

/** Every aim that is short of something it can reach and may beat the best, by its bound. */
export function aims(ground: Ground, best: Best): { bound_fen: number; aim: Aim }[] {
  const total_fen = sum(ground.lowest) + ground.of.freight_fen
  const found: { bound_fen: number; aim: Aim }[] = []
  for (const parts of withActivities(ground, [], NO_LINES, [])) {
    for (const whole of withCoupons(ground, best, total_fen, 0, parts)) {
      const aim = aimOf(total_fen, whole)
      const least = mostOf(
        aim.needs.map((need) => ground.leastRaise(need.lines, 0, need.missing_fen)),
      )
      if (least === null) continue
      const bound_fen = boundFen(aim, least)
      if (best.beatenBy(bound_fen)) found.push({ bound_fen, aim })
    }
  }
  return sorted(found, (a, b) => a.bound_fen - b.bound_fen)
}

/** The largest; null when one cannot be had, or there are none. */
export function mostOf(raises: readonly (number | null)[]): number | null {
  let found: number | null = null
  for (const fen of raises) {
    if (fen === null) return null
    found = Math.max(found ?? 0, fen)
  }
  return found
}

/** Every order of activities at every step in reach; of two that share no line only one order. */
function* withActivities(
  ground: Ground,
  done: readonly number[],
  owned: Lines,
  parts: readonly Part[],
): Generator<readonly Part[]> {
  const { of } = ground
  yield parts
  const last = done.length ? at(done, done.length - 1) : -1
  for (let i = 0; i < of.activities.length; i += 1) {
    const rule = at(of.activities, i)
    const groupTaken =
      rule.group && done.some((other) => at(of.activities, other).group === rule.group)
    if (done.includes(i) || groupTaken) continue
    if (i < last && !at(of.spans, i).meets(at(of.spans, last))) continue
    const owner = activities.owns(rule)
    const whole = at(of.activityLines, i)
    const lines = owner ? whole.without(owned) : whole
    for (const part of steps(ground, rule, lines, parts)) {
      const now = owner ? owned.or(lines) : owned
      yield* withActivities(ground, [...done, i], now, [...parts, part])
    }
  }
}

/** The rule as it surely stands at the lowest prices, and at every step above that. */
function steps(ground: Ground, rule: Rule, lines: Lines, before: readonly Part[]): Part[] {
  const { base_fen, raise_fen } = ground.base(lines, rule.stack)
  const { least, most } =
    rule.measured === 'after' ? earlier(ground, before, lines) : { least: 0, most: 0 }
  const found: Part[] = []
  let surely: number | null = null
  for (const at_fen of activities.thresholds(rule, base_fen - least + raise_fen)) {
    const [missing_fen, sure_fen] = [at_fen - base_fen + least, at_fen - base_fen + most]
    if (sure_fen <= 0) {
      surely = Math.max(at_fen, base_fen - most)
      continue
    }
    if (surely !== null) found.push(stepOf(ground, rule, surely, null, raise_fen))
    surely = null
    found.push(stepOf(ground, rule, at_fen, { lines, missing_fen, sure_fen }, raise_fen))
  }
  if (surely !== null) found.push(stepOf(ground, rule, surely, null, raise_fen))
  return found
}

/** The rule when what counts for it costs `at_fen`, or a little more. */
function stepOf(
  ground: Ground,
  rule: Rule,
  at_fen: number,
  need: Need | null,
  raise_fen: number,
): Part {
  const { of } = ground
  const lines = need ? need.lines : of.covered(rule)
  if (rule.kind === 'add_on') {
    const span = at(of.spans, of.activities.indexOf(rule))
    return {
      lines: span,
      least_fen: 0,
      most_fen: of.addOnMost(rule),
      rate: null,
      need,
      even: false,
    }
  }
  const least_fen = activities.offFen(rule, at_fen)
  const even = !ground.segments.some((one) => of.closed(one.cls, rule.stack))
  if (rule.kind !== 'amount_rate') {
    return { lines, least_fen, most_fen: least_fen, rate: null, need, even }
  }
  const base_fen = Math.max(ground.base(lines, rule.stack).base_fen, 0)
  const rate_bp = activities.rateBp(rule, at_fen)
  const rate = { base_fen, raise_fen, rate_bp, cap_fen: rule.cap_fen }
  return { lines, least_fen, most_fen: rateAt(rate, raise_fen), rate, need, even }
}

/**
 * What earlier parts take off these lines at least, and at most.
 *
 * Of an activity that covers other lines too they bear a share in proportion to what they cost, to a fen each.
 */
function earlier(
  ground: Ground,
  parts: readonly Part[],
  lines: Lines,
): { least: number; most: number } {
  let [least, most] = [0, 0]
  const even = parts.every((part) => part.even)
  const fuzz = ground.segments.length + ground.choices.length
  const share = (fen: number, own: number, others: number) =>
    floorDiv(times(fen, own), Math.max(own + others, 1))
  for (const part of parts) {
    const [inside, outside] = [part.lines.and(lines), part.lines.without(lines)]
    if (!outside.list.length) {
      least += part.least_fen
      most += part.most_fen
    } else if (inside.list.length && even) {
      const [low, high] = [ground.lowest, ground.highest]
      least += Math.max(share(part.least_fen, inside.sum(low), outside.sum(high)) - fuzz, 0)
      most += share(part.most_fen, inside.sum(high), outside.sum(low)) + fuzz
    } else if (inside.list.length) {
      most += part.most_fen
    }
  }
  return { least, most }
}

/** With none or one coupon of each class, and freight as it is or lowered. */
function* withCoupons(
  ground: Ground,
  best: Best,
  total_fen: number,
  cls: number,
  parts: readonly Part[],
): Generator<readonly Part[]> {
  const { vouchers, freight_fen } = ground.of
  const most = vouchers.slice(cls).map((found) => Math.max(...found.map((one) => one.most_fen)))
  if (!best.beatenBy(boundFen(aimOf(total_fen, parts), 0) - sum(most) - freight_fen)) return
  if (cls === vouchers.length) {
    yield parts
    for (const part of freight_fen ? freightParts(ground, parts) : []) yield [...parts, part]
    return
  }
  yield* withCoupons(ground, best, total_fen, cls + 1, parts)
  for (const voucher of at(vouchers, cls)) {
    const part = couponPart(ground, voucher, parts)
    if (part) yield* withCoupons(ground, best, total_fen, cls + 1, [...parts, part])
  }
}

function couponPart(ground: Ground, voucher: Voucher, before: readonly Part[]): Part | null {
  const { held } = voucher
  const lines = linesWhere(voucher.covers, (fit) => fit)
  const { base_fen, raise_fen } = ground.base(lines, held.stack_class)
  const { least, most } = earlier(ground, before, lines)
  const missing_fen = held.threshold_fen - base_fen + least
  const sure_fen = held.threshold_fen - base_fen + most
  if (missing_fen > raise_fen) return null
  const need = sure_fen > 0 ? { lines, missing_fen, sure_fen } : null
  const plain = { lines, least_fen: 0, rate: null, need, even: false }
  if (held.kind === 'rate') {
    const { rate_bp, cap_fen } = held
    const rate = { base_fen: Math.max(base_fen - least, 0), raise_fen, rate_bp, cap_fen }
    return { ...plain, most_fen: rateAt(rate, raise_fen), rate }
  }
  if (held.kind === 'goods') return { ...plain, most_fen: voucher.most_fen }
  const least_fen = held.off_fen <= held.threshold_fen ? held.off_fen : 0
  return { ...plain, least_fen, most_fen: held.off_fen }
}

/** Free shipping or a freight coupon, measured after everything else; no line bears any of it. */
function freightParts(ground: Ground, before: readonly Part[]): Part[] {
  const { of } = ground
  const offers = of.freeShipping.map((rule) => {
    return { threshold_fen: at(rule.steps, 0)[0], lines: of.covered(rule), off_fen: of.freight_fen }
  })
  for (const { held, covers } of of.freightVouchers) {
    const off_fen = Math.min(held.off_fen, of.freight_fen)
    offers.push({
      threshold_fen: held.threshold_fen,
      lines: linesWhere(covers, (fit) => fit),
      off_fen,
    })
  }
  return offers.flatMap(({ threshold_fen, lines, off_fen }): Part[] => {
    const { base_fen, raise_fen } = ground.base(lines, 'shipping')
    const { least, most } = earlier(ground, before, lines)
    const missing_fen = threshold_fen - base_fen + least
    const sure_fen = threshold_fen - base_fen + most
    if (missing_fen > raise_fen) return []
    const need = sure_fen > 0 ? { lines, missing_fen, sure_fen } : null
    return [
      { lines: NO_LINES, least_fen: off_fen, most_fen: off_fen, rate: null, need, even: false },
    ]
  })
}
