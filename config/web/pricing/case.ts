/** One basket with everything that may be chosen for it: what the search walks through. */

import * as activities from './activities'
import { whyNot } from './allowed'
import { type At, couponCovers, type Held, notHere, rateOff } from './coupons'
import { floorDiv, times } from './fen'
import type { Ladder } from './ladders'
import * as phase1 from './ladders'
import { at, type Lines, linesWhere, sorted, sum } from './lists'
import * as multi from './multi'
import {
  covers,
  type Here,
  type Left,
  type Reason,
  type Rule,
  type RuleBook,
  UNLIMITED,
} from './rules'
import { costFen, type Good, keyOf, netOf, type Segment, unitPrices } from './segments'

const GOODS_CLASSES = ['goods', 'store', 'platform'] as const
/** Of each class of coupons the search looks at so many, those that could take off most. */
const A_CLASS = 6

/** A rule or coupon that a plan uses. */
export type Part = readonly ['promotion' | 'coupon', number]

/** What the shopper chose: `coupon_ids` null lets the search choose; `barred` rules stay out; `required` come in. */
export interface Wish {
  readonly coupon_ids: readonly number[] | null
  readonly barred: readonly number[]
  readonly required: readonly Part[]
}

/** A coupon that may be used here, and which lines it covers. */
export interface Voucher {
  readonly held: Held
  readonly covers: readonly boolean[]
  readonly until_ms: number
  readonly most_fen: number
}

type Deal = readonly [rule: Rule, lines: readonly number[]]

/** A pricing problem, prepared once. `refused` says of each rule that cannot work at all why. */
export class Case {
  readonly refused = new Map<number, Reason>()
  readonly vouchers: Voucher[][] = []
  readonly freightVouchers: Voucher[] = []
  readonly units_fen: readonly number[]
  readonly list_fen: readonly number[]
  readonly offers: readonly (readonly phase1.Offer[])[]
  readonly deals: Deal[] = []
  /** Per line the deals that look at it alone. */
  readonly solo: readonly Rule[][]
  readonly activities: readonly Rule[]
  readonly activityLines: readonly Lines[]
  readonly gifts: readonly Rule[]
  readonly freeShipping: readonly Rule[]
  /** Every activity with the lines it may change: two whose lines do not meet do not care about their order. */
  readonly spans: readonly Lines[]
  /** Classes of units that some later deduction is kept off. */
  readonly closedClasses: ReadonlySet<string>
  private readonly pairs: ReadonlySet<string>
  private readonly first: boolean
  private readonly known = new Map<string, Ladder[]>()
  private place: At | null = null

  constructor(
    readonly goods: readonly Good[],
    readonly book: RuleBook,
    readonly here: Here,
    readonly left: ReadonlyMap<number, Left>,
    readonly wish: Wish,
    readonly freight_fen: number,
  ) {
    this.units_fen = unitPrices(goods)
    this.list_fen = goods.map((good, line) => costFen(good, at(this.units_fen, line), good.qty))
    this.pairs = new Set(book.stacking.map(([cls, later]) => `${cls} ${later}`))
    this.closedClasses = new Set(book.stacking.map(([cls]) => cls))
    this.first = book.member_and_flash === 'first'
    const may = book.rules.filter((rule) => this.may(rule))
    const rules = sorted(may, (a, b) => a.priority - b.priority || a.id - b.id)
    const ofPhase = (phase: number) => rules.filter((rule) => rule.phase === phase)
    this.offers = phase1.offers(goods, this.units_fen, ofPhase(1), left, this.first)
    this.solo = goods.map(() => [])
    this.shareOut(ofPhase(2).map((rule) => [rule, multi.eligible(rule, goods)]))
    this.activities = ofPhase(3).filter((rule) => rule.kind !== 'gift')
    this.gifts = ofPhase(3).filter((rule) => rule.kind === 'gift')
    this.freeShipping = ofPhase(6)
    this.activityLines = this.activities.map((rule) => this.covered(rule))
    this.spans = this.activities.map((rule, i) => {
      const lines = at(this.activityLines, i)
      if (rule.kind !== 'add_on') return lines
      return lines.or(linesWhere(goods, (good) => rule.prices.has(good.sku_id)))
    })
  }

  /** Whether a later deduction is kept off units of a class. */
  closed(cls: string, later: string): boolean {
    return this.pairs.has(`${cls} ${later}`)
  }

  private may(rule: Rule): boolean {
    const { goods, wish } = this
    let reason: Reason | null = wish.barred.includes(rule.id) ? { code: 'barred' } : null
    reason ??= whyNot(rule, this.here, this.left.get(rule.id) ?? UNLIMITED)
    if (!reason && !goods.some((good) => covers(rule, good.sku_id, good.category_id))) {
      reason = { code: 'no_goods_of_it' }
    }
    if (reason) this.refused.set(rule.id, reason)
    return !reason
  }

  /** The lines that count for a rule; the skus that 加价购 lowers do not count for its threshold. */
  covered(rule: Rule): Lines {
    return linesWhere(
      this.goods,
      ({ sku_id, category_id }) =>
        covers(rule, sku_id, category_id) && !(rule.kind === 'add_on' && rule.prices.has(sku_id)),
    )
  }

  /** Deals that look at one line at a time are ways to price that line; the others are arranged together. */
  private shareOut(deals: readonly Deal[]): void {
    const { goods } = this
    const once = (line: number) =>
      goods.filter((good) => good.sku_id === at(goods, line).sku_id).length === 1
    for (const [rule, lines] of deals) {
      const alone = rule.kind !== 'bundle' && !rule.across && !rule.group && !this.most(rule)
      if (alone && lines.every(once)) for (const line of lines) at(this.solo, line).push(rule)
      else this.deals.push([rule, lines])
    }
  }

  /** Every way to price so many units of a line, lowest first; computed once. */
  ladders(line: number, units: number): readonly Ladder[] {
    const key = `${line},${units}`
    let known = this.known.get(key)
    if (!known) {
      const found = new Map<string, Ladder>()
      for (const { segments, rest } of this.alone(line, [], units, [])) {
        for (const ladder of this.climbs(line, rest)) {
          const whole = [...segments, ...ladder.segments]
          const wholeKey = keyOf(whole)
          if (!found.has(wholeKey)) found.set(wholeKey, { net_fen: netOf(whole), segments: whole })
        }
      }
      known = sorted([...found.values()], (a, b) => a.net_fen - b.net_fen)
      this.known.set(key, known)
    }
    return known
  }

  private climbs(line: number, units: number): readonly Ladder[] {
    if (!units) return [phase1.NOTHING]
    const [good, list_fen] = [at(this.goods, line), at(this.units_fen, line)]
    return phase1.ladders(line, good, list_fen, units, at(this.offers, line), this.first)
  }

  /** Every ordered subset of the line's own deals, with the units that none of them took. */
  private *alone(
    line: number,
    segments: readonly Segment[],
    units: number,
    used: readonly number[],
  ): Generator<{ segments: readonly Segment[]; rest: number }> {
    yield { segments, rest: units }
    for (const rule of at(this.solo, line)) {
      if (used.includes(rule.id)) continue
      const free = this.goods.map((_, i) => (i === line ? units : 0))
      const taken = multi.take(rule, [line], free, this.goods, this.units_fen, 0)
      if (taken) {
        const more = [...segments, ...taken.segments]
        yield* this.alone(line, more, units - at(taken.units, 0), [...used, rule.id])
      }
    }
  }

  /** How many sets of a deal an order may have; 0 is no limit. */
  most(rule: Rule): number {
    return phase1.limitOf(rule, this.left.get(rule.id) ?? UNLIMITED) ?? 0
  }

  /** What all activities together take off at most. */
  activitiesMost(): number {
    return sum(
      this.activities.map((rule, i) =>
        this.activityMost(rule, at(this.activityLines, i).sum(this.list_fen)),
      ),
    )
  }

  /** At most so much an activity takes off when what counts for it costs `base_fen`. */
  activityMost(rule: Rule, base_fen: number): number {
    if (rule.kind !== 'add_on') return activities.offFen(rule, base_fen)
    return base_fen >= at(rule.steps, 0)[0] ? this.addOnMost(rule) : 0
  }

  /** What 加价购 takes off at most: every unit it may lower, from list price. */
  addOnMost(rule: Rule): number {
    if (rule.kind !== 'add_on') return 0
    const offs = this.goods.map((good, line) => {
      const price_fen = rule.prices.get(good.sku_id)
      if (price_fen === undefined) return 0
      return times(Math.max(at(this.units_fen, line) - price_fen, 0), good.qty)
    })
    return sum(offs)
  }

  /** What a coupon takes off at most when the goods it covers cost `base_fen`. */
  couponMost(voucher: Voucher, base_fen: number): number {
    if (voucher.held.kind !== 'goods') return couponOff(voucher.held, base_fen)
    return base_fen >= voucher.held.threshold_fen ? voucher.most_fen : 0
  }

  /** Per line whether the coupon's scope holds it. */
  couponCovers(held: Held): boolean[] {
    return this.goods.map((good) => couponCovers(held, good.sku_id, good.category_id))
  }

  /** Why the coupon can do nothing in this place, at this moment or for these goods; null when it may. */
  whyUnfit(held: Held): Reason | null {
    const nothing = { code: 'nothing_to_use_it_on' }
    if (!this.place) return nothing
    const reason = notHere(held, this.place)
    if (reason) return reason
    if (held.kind === 'gift' || (held.kind === 'freight' && !this.freight_fen)) return nothing
    return this.couponCovers(held).some((fit) => fit) ? null : { code: 'no_goods_of_it' }
  }

  /** Take in the member's coupons: those the shopper chose, or all for the search to choose from. */
  addCoupons(coupons: readonly Held[], place: At): void {
    this.place = place
    const chosen = this.wish.coupon_ids
    const found: Voucher[] = []
    for (const held of coupons) {
      if ((chosen && !chosen.includes(held.id)) || this.whyUnfit(held)) continue
      const fits = this.couponCovers(held)
      const voucher = {
        held,
        covers: fits,
        until_ms: held.until_ms,
        most_fen: this.mostOff(held, fits),
      }
      ;(held.kind === 'freight' ? this.freightVouchers : found).push(voucher)
    }
    for (const cls of GOODS_CLASSES) {
      const ofClass = sorted(
        found.filter((voucher) => voucher.held.stack_class === cls),
        (a, b) =>
          (chosen ? 0 : b.most_fen - a.most_fen || a.until_ms - b.until_ms) ||
          a.held.id - b.held.id,
      )
      if (ofClass.length) this.vouchers.push(ofClass.slice(0, A_CLASS))
    }
  }

  private mostOff(held: Held, fits: readonly boolean[]): number {
    if (held.kind !== 'goods') return couponOff(held, sum(this.list_fen.filter((_, i) => fits[i])))
    const named = new Map(held.goods.map((one) => [one.sku_id, one.qty]))
    const offs = this.goods.map((good, i) => {
      const units = Math.min(named.get(good.sku_id) ?? 0, good.qty)
      return floorDiv(times(units, at(this.list_fen, i)), good.qty) + 1
    })
    return sum(offs)
  }
}

/** Per line the least it may cost after phase 2, and the most. */
export function span(
  segments: readonly Segment[],
  choices: readonly (readonly Ladder[])[],
): { lowest: number[]; highest: number[] } {
  const lowest = choices.map((found) => (found.length ? at(found, 0).net_fen : 0))
  const highest = choices.map((found) => (found.length ? at(found, found.length - 1).net_fen : 0))
  for (const { line, net_fen } of segments) {
    lowest[line] = at(lowest, line) + net_fen
    highest[line] = at(highest, line) + net_fen
  }
  return { lowest, highest }
}

/** At most so much a coupon takes off goods that cost `base_fen`; 0 below its threshold. */
export function couponOff(held: Held, base_fen: number): number {
  if (base_fen < held.threshold_fen) return 0
  return held.kind === 'rate' ? rateOff(held, base_fen) : held.off_fen
}
