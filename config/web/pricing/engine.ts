/**
 * What does this basket cost, and why? The one pure function of `trade/pricing/engine.py`, for the offline till and
 * for totals while a basket is being filled.
 *
 * `trade/pricing/DECISIONS.md` is the algorithm in words. Both engines answer alike to the last field; shared vectors
 * (`tests/vectors/`) hold them to it. The server prices every order again.
 */

import { Case, type Wish } from './case'
import type { At, Held } from './coupons'
import { at, sum } from './lists'
import { type Offers, offers, refused } from './offers'
import { type Here, type Left, NO_RULES, type Reason, type RuleBook } from './rules'
import { search } from './search'
import type { Good } from './segments'
import { type Step, stepsOf } from './trace'
import type { Plan } from './weigh'
import { reasons } from './why-not'

/** Goods that 满赠 adds at 0. */
export interface Gift {
  readonly rule_id: number
  readonly sku_id: number
  readonly qty: number
}

/**
 * A basket with every fen explained, up to coupons; per line in the order of the goods.
 *
 * list_fen - sum of the steps' shares = nets_fen, per line. `points_fen` is what of a line points may pay.
 * `why_not` has a row for each rule that did nothing, `coupons` says what each coupon takes off, or why nothing.
 * `optimal`: no other choice is cheaper. `payable_fen` is goods after coupons, and freight.
 */
export interface Priced {
  readonly units_fen: readonly number[]
  readonly list_fen: readonly number[]
  readonly nets_fen: readonly number[]
  readonly points_fen: readonly number[]
  readonly steps: readonly Step[]
  readonly plan: Plan
  readonly freight_fen: number
  readonly payable_fen: number
  readonly gifts: readonly Gift[]
  readonly priced: number
  readonly optimal: boolean
  readonly why_not: readonly Reason[]
  readonly coupons: Offers
}

/** The member's coupons, and the place and moment they would be used. */
export interface Purse {
  readonly coupons: readonly Held[]
  readonly at: At
}

/** What else there is to a basket; `explain` also finds what every other rule and coupon would cost. */
export interface Question {
  readonly left?: ReadonlyMap<number, Left>
  readonly purse?: Purse | null
  readonly wish?: Wish
  readonly freight_fen?: number
  readonly explain?: boolean
}

/** No coupon, and every rule as it comes. */
export const NO_WISH: Wish = { coupon_ids: [], barred: [], required: [] }

const NOWHERE: Here = {
  store_id: 0,
  channel: '',
  now_ms: 0,
  weekday: 1,
  month_day: 1,
  minute: 0,
  tier: null,
  segment_ids: [],
}

/** Price a basket of at least one line at its best, or as the shopper wishes; null when what is required cannot be had. */
export function price(
  goods: readonly Good[],
  book: RuleBook = NO_RULES,
  here: Here = NOWHERE,
  question: Question = {},
): Priced | null {
  const { left = new Map(), purse, wish = NO_WISH, freight_fen = 0, explain } = question
  const coupons = purse?.coupons ?? []
  const caseOf = (wished: Wish) => {
    const made = new Case(goods, book, here, left, wished, freight_fen)
    if (purse?.coupons.length) made.addCoupons(purse.coupons, purse.at)
    return made
  }
  const first = caseOf(wish)
  const { plan, priced, optimal } = search(first)
  if (!plan) return null
  const answer = { ...answerOf(first, plan, coupons), priced, optimal }
  if (!explain) return answer
  const again = (other: Wish) => search(caseOf(other)).plan
  const asked = coupons.length ? offers(first, plan, coupons, again) : answer.coupons
  return { ...answer, why_not: reasons(first, plan, again), coupons: asked }
}

function answerOf(of: Case, plan: Plan, coupons: readonly Held[]) {
  const nets_fen = of.goods.map(() => 0)
  const points_fen = of.goods.map(() => 0)
  plan.segments.forEach(({ line, cls }, i) => {
    nets_fen[line] = at(nets_fen, line) + at(plan.nets, i)
    if (!of.closed(cls, 'points')) points_fen[line] = at(points_fen, line) + at(plan.nets, i)
  })
  return {
    units_fen: of.units_fen,
    list_fen: of.list_fen,
    nets_fen,
    points_fen,
    steps: stepsOf(of, plan),
    plan,
    freight_fen: plan.freight.fen,
    payable_fen: sum(nets_fen) + plan.freight.fen,
    gifts: giftsOf(of, plan),
    why_not: reasons(of, plan, null),
    coupons: { offers: [], refused: refused(of, plan, coupons), best_ids: [] },
  }
}

/** What 满赠 gives: thresholds are measured after phases 1 and 2, or after all deductions. */
function giftsOf(of: Case, plan: Plan): Gift[] {
  const took = of.book.rules.filter((rule) => plan.segments.some((one) => one.rule_id === rule.id))
  const groups = new Set(
    [...took, ...plan.applied.map((one) => one.rule)].map((rule) => rule.group),
  )
  return of.gifts.flatMap((rule) => {
    const lines = of.covered(rule)
    const counted = plan.segments.map((one, i) => {
      if (!lines.has(one.line) || of.closed(one.cls, rule.stack)) return 0
      return rule.measured === 'before' ? one.net_fen : at(plan.nets, i)
    })
    if (sum(counted) < at(rule.steps, 0)[0] || (rule.group && groups.has(rule.group))) return []
    groups.add(rule.group)
    return rule.gifts.map(([sku_id, qty]) => ({ rule_id: rule.id, sku_id, qty }))
  })
}
