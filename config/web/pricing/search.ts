/** The best price: branch and bound over arrangements and ladders, a beam when there are too many. */

import { type Aim, aims, boundFen, Ground, mostOf } from './aims'
import { type Arrangement, arrangements } from './arrangements'
import { bound } from './bounds'
import { type Case, span } from './case'
import { type Ladder, NOTHING } from './ladders'
import { at, product, sorted, sum } from './lists'
import { netOf, type Segment } from './segments'
import { Best, compareRanks, type Plan, Weigher } from './weigh'

/** So many steps, then the beam. There is no clock in it: Python must stop at the same basket. */
const STEPS = 500
const BEAM = 16
/** So many ways to price the lines where a higher price may pay; a basket with more is not said to be optimal. */
const PINS = 64

/** The plan, how many baskets were priced for it, and whether no other can be better. */
export interface Found {
  readonly plan: Plan | null
  readonly priced: number
  readonly optimal: boolean
}

type Choices = readonly (readonly Ladder[])[]

/** The plan with the lowest payable; null only when the wish requires what cannot be had. */
export function search(of: Case): Found {
  const { ways, whole } = arrangements(of)
  let optimal = whole
  const best = new Best(STEPS)
  if (of.book.mode === 'fixed') {
    linePricesFirst(of, ways, best)
    return { plan: best.plan, priced: best.priced, optimal }
  }
  for (const way of ways) {
    if (!best.beatenBy(Math.max(way.bound_fen, 0))) break
    optimal = walk(of, way, best) && optimal
    if (best.full) {
      beam(of, way, best)
      optimal = false
      break
    }
  }
  return { plan: best.plan, priced: best.priced, optimal }
}

/** The segments of the lowest ladder of each line. */
function lowestOf(choices: Choices): Segment[] {
  return choices.flatMap((found) => (found.length ? at(found, 0).segments : []))
}

/** All lines at their lowest, then every aim that is worth a raise; whether these were all choices. */
function walk(of: Case, way: Arrangement, best: Best): boolean {
  let number = 0
  for (const { segments, choices } of pinned(of, way)) {
    if (number === PINS) return false
    number += 1
    if (!best.beatenBy(bound(of, segments, choices))) continue
    const ground = new Ground(of, segments, choices)
    if (best.full) return false
    new Weigher(of, [...segments, ...lowestOf(choices)], best).weigh()
    if (choices.every((found) => found.length < 2)) continue
    for (const { bound_fen, aim } of aims(ground, best)) {
      if (!best.beatenBy(bound_fen)) break
      raise(
        ground,
        aim,
        0,
        [],
        aim.needs.map(() => 0),
        best,
      )
    }
  }
  return true
}

/**
 * Every choice for the lines where a higher price may be worth more than its threshold.
 *
 * Those with a price that keeps later deductions off, those that a goods coupon or 加价购 gives another price, and
 * those that a coupon may pay in full.
 */
function* pinned(of: Case, way: Arrangement): Generator<{ segments: Segment[]; choices: Choices }> {
  const { lowest } = span(way.segments, way.ladders)
  const off_fen = of.activitiesMost()
  const vouchers = of.vouchers.flat().filter(({ covers, held, most_fen }) => {
    return held.kind === 'goods' || most_fen >= sum(lowest.filter((_, i) => covers[i])) - off_fen
  })
  const lowering = of.activities.filter((rule) => rule.kind === 'add_on')
  const isPin = way.ladders.map((found, line) => {
    const { sku_id } = at(of.goods, line)
    const named =
      vouchers.some(({ covers }) => covers[line]) ||
      lowering.some(({ prices }) => prices.has(sku_id))
    const closed = () =>
      found.some((one) => one.segments.some(({ cls }) => of.closedClasses.has(cls)))
    return found.length > 1 && (named || closed())
  })
  const choices = way.ladders.map((found, line) => (isPin[line] ? [] : found))
  for (const chosen of product(way.ladders.filter((_, line) => isPin[line]))) {
    yield { segments: [...way.segments, ...chosen.flatMap((one) => one.segments)], choices }
  }
}

/** Choose ladders from line `line` on so that the aim's needs are met; `raised` is what each need has got. */
function raise(
  ground: Ground,
  aim: Aim,
  line: number,
  chosen: readonly Segment[],
  raised: readonly number[],
  best: Best,
): void {
  best.steps += 1
  const { choices } = ground
  const { needs } = aim
  const given = netOf(chosen) - netOf(lowestOf(choices.slice(0, line)))
  const left = needs.map((need, i) => need.missing_fen - at(raised, i))
  if (best.full || !reaches(ground, aim, line, given, left, best)) return
  if (left.every((fen) => fen <= 0)) {
    const rest = lowestOf(choices.slice(line))
    new Weigher(ground.of, [...ground.segments, ...chosen, ...rest], best).weigh()
    if (needs.every((need, i) => at(raised, i) >= need.sure_fen)) return
  }
  if (line === choices.length) return
  const here = at(choices, line)
  const helps = needs.some((need) => need.lines.has(line))
  const tried = helps ? here : here.slice(0, 1)
  for (const ladder of tried.length ? tried : [NOTHING]) {
    const more = here.length ? ladder.net_fen - at(here, 0).net_fen : 0
    const got = needs.map((need, i) => at(raised, i) + (need.lines.has(line) ? more : 0))
    raise(ground, aim, line + 1, [...chosen, ...ladder.segments], got, best)
  }
}

/** Whether the lines from `line` on can still meet every need, and the result could beat the best. */
function reaches(
  ground: Ground,
  aim: Aim,
  line: number,
  given: number,
  left: readonly number[],
  best: Best,
): boolean {
  const more = mostOf(aim.needs.map((need, i) => ground.leastRaise(need.lines, line, at(left, i))))
  return more !== null && best.beatenBy(boundFen(aim, given + more))
}

/** Every unit at its lowest price after phase 2, then activities by priority, then coupons. */
function linePricesFirst(of: Case, ways: readonly Arrangement[], best: Best): void {
  const priced = ways.map((way) => {
    const segments = [...way.segments, ...lowestOf(way.ladders)]
    return { segments, net_fen: netOf(segments) }
  })
  const cheapest = at(
    sorted(priced, (a, b) => a.net_fen - b.net_fen),
    0,
  )
  new Weigher(of, cheapest.segments, best).inOrder()
}

/** Line by line, keep the sixteen best choices with all other lines at their lowest, and the best activities. */
function beam(of: Case, way: Arrangement, best: Best): void {
  let states: (readonly number[])[] = [way.ladders.map(() => 0)]
  way.ladders.forEach((found, line) => {
    const plans: { state: readonly number[]; plan: Plan }[] = []
    for (const state of states) {
      found.forEach((_, choice) => {
        const tried = state.map((one, i) => (i === line ? choice : one))
        const plan = priced(of, way, tried, best)
        if (plan) plans.push({ state: tried, plan })
      })
    }
    const ranked = sorted(plans, (a, b) => compareRanks(a.plan.rank, b.plan.rank))
    for (const { plan } of ranked) best.offer(plan)
    if (ranked.length) states = ranked.slice(0, BEAM).map(({ state }) => state)
  })
}

function priced(of: Case, way: Arrangement, state: readonly number[], best: Best): Plan | null {
  const chosen = way.ladders.flatMap((found, line) =>
    found.length ? at(found, at(state, line)).segments : [],
  )
  const one = new Best(STEPS)
  if (best.plan) new Weigher(of, [...way.segments, ...chosen], one).like(best.plan)
  return one.plan
}
