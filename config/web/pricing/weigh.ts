/** Phases 3, 4 and 6 for given segments: the best activities, coupons and freight, found by a small search. */

import * as activities from './activities'
import { type Case, couponOff, type Voucher } from './case'
import { value, type Worth } from './coupons'
import { split } from './fen'
import { at, compareLists, sorted, sum } from './lists'
import type { Rule } from './rules'
import type { Segment } from './segments'

/** A step may price many baskets where there are many coupons; the search ends at so many for each step it may go. */
const BASKETS = 4

/** An activity that took something off: what it was measured on, and its share of each segment. */
export interface Applied {
  readonly rule: Rule
  readonly base_fen: number
  readonly shares: readonly number[]
}

/** A coupon that took something off. */
export interface Used {
  readonly voucher: Voucher
  readonly base_fen: number
  readonly worth: Worth
}

/** What freight costs in the end, and what lowered it. */
export interface Freight {
  readonly fen: number
  readonly rule: Rule | null
  readonly voucher: Voucher | null
  readonly off_fen: number
}

/** Payable, coupons used, when they end; the lowest is best. */
export interface Rank {
  readonly payable_fen: number
  readonly ends: readonly number[]
}

/** One complete way to price the basket. */
export interface Plan {
  readonly rank: Rank
  readonly segments: readonly Segment[]
  readonly applied: readonly Applied[]
  readonly used: readonly Used[]
  readonly nets: readonly number[]
  readonly freight: Freight
}

export function compareRanks(a: Rank, b: Rank): number {
  return (
    a.payable_fen - b.payable_fen || a.ends.length - b.ends.length || compareLists(a.ends, b.ends)
  )
}

/** The best plan so far, and how many baskets were priced in how many steps to find it. */
export class Best {
  plan: Plan | null = null
  priced = 0
  steps = 0

  constructor(private readonly most: number) {}

  /** The search has gone as many steps as it may, or priced `BASKETS` for each of them. */
  get full(): boolean {
    return this.steps >= this.most || this.priced >= this.most * BASKETS
  }

  /** Whether a plan of at least `bound_fen` could still be cheaper. */
  beatenBy(bound_fen: number): boolean {
    return !this.plan || bound_fen < this.plan.rank.payable_fen
  }

  /** Whether it could be better: cheaper, or as cheap with fewer coupons. */
  matchedBy(bound_fen: number): boolean {
    if (!this.plan) return true
    const { payable_fen, ends } = this.plan.rank
    return bound_fen < payable_fen + (ends.length ? 1 : 0)
  }

  /** Keep the plan if it is better. */
  offer(plan: Plan): void {
    if (!this.plan || compareRanks(plan.rank, this.plan.rank) < 0) this.plan = plan
  }
}

function sumWhere(fens: readonly number[], fits: readonly boolean[]): number {
  let found = 0
  for (let i = 0; i < fens.length; i += 1) if (fits[i]) found += at(fens, i)
  return found
}

function less(nets: readonly number[], shares: readonly number[]): number[] {
  return nets.map((fen, i) => fen - at(shares, i))
}

/** The later phases over one set of segments. */
export class Weigher {
  private readonly segments: readonly Segment[]
  private readonly before: readonly number[]
  private readonly skus: readonly number[]
  private readonly units: readonly number[]
  private readonly may: readonly (readonly boolean[])[]
  private readonly fits: readonly (readonly (readonly boolean[])[])[]
  /** What coupons of a class and the later ones take off at most. */
  private readonly most: readonly number[]

  constructor(
    private readonly of: Case,
    segments: readonly Segment[],
    private readonly best: Best,
  ) {
    this.segments = sorted(segments, (a, b) => a.line - b.line)
    this.before = this.segments.map((one) => one.net_fen)
    this.skus = this.segments.map((one) => at(of.goods, one.line).sku_id)
    this.units = this.segments.map((one) => one.units)
    this.may = of.activities.map((rule, i) => {
      const lines = at(of.activityLines, i)
      return this.segments.map((one) => lines.has(one.line) && !of.closed(one.cls, rule.stack))
    })
    this.fits = of.vouchers.map((choices) =>
      choices.map(({ covers, held }) =>
        this.segments.map((one) => at(covers, one.line) && !of.closed(one.cls, held.stack_class)),
      ),
    )
    const most = of.vouchers.map((choices) => Math.max(...choices.map((one) => one.most_fen)))
    this.most = [...most, 0].map((_, cls) => sum(most.slice(cls)))
  }

  /** Offer every plan that may be the best. */
  weigh(): void {
    this.activities(
      [],
      this.segments.map(() => false),
      this.before,
      [],
    )
  }

  /** Activities by priority and the coupons that are best then: the merchant's fixed order. */
  inOrder(): void {
    this.along(this.of.activities.map((_, i) => i))
  }

  /** The activities of another plan in its order, and the coupons that are best then. */
  like(plan: Plan): void {
    this.along(plan.applied.map((one) => this.of.activities.indexOf(one.rule)))
  }

  private along(order: readonly number[]): void {
    let nets = this.before
    let owned: readonly boolean[] = this.segments.map(() => false)
    const [done, applied]: [number[], Applied[]] = [[], []]
    for (const i of order) {
      const step = this.step(i, done, owned, nets)
      if (!step) continue
      owned = this.ownedAfter(i, owned)
      nets = less(nets, step.shares)
      done.push(i)
      applied.push(step)
    }
    this.coupons(0, nets, applied, [])
  }

  private activities(
    done: readonly number[],
    owned: readonly boolean[],
    nets: readonly number[],
    applied: readonly Applied[],
  ): void {
    this.best.steps += 1
    if (this.best.full || !this.best.matchedBy(this.bound(done, owned, nets))) return
    this.coupons(0, nets, applied, [])
    const { spans } = this.of
    const last = done.length ? at(done, done.length - 1) : -1
    for (let i = 0; i < this.of.activities.length; i += 1) {
      if (done.includes(i) || (i < last && !at(spans, i).meets(at(spans, last)))) continue
      const step = this.step(i, done, owned, nets)
      if (!step) continue
      const after = less(nets, step.shares)
      this.activities([...done, i], this.ownedAfter(i, owned), after, [...applied, step])
    }
  }

  private step(
    i: number,
    done: readonly number[],
    owned: readonly boolean[],
    nets: readonly number[],
  ): Applied | null {
    const { of } = this
    const rule = at(of.activities, i)
    if (rule.group && done.some((other) => at(of.activities, other).group === rule.group))
      return null
    const owner = activities.owns(rule)
    const fits = at(this.may, i).map((ok, k) => ok && !(owner && owned[k]))
    const base_fen = sumWhere(rule.measured === 'before' ? this.before : nets, fits)
    if (owner) {
      const eligible = nets.map((fen, k) => (fits[k] ? fen : 0))
      const off_fen = Math.min(activities.offFen(rule, base_fen), sum(eligible))
      return off_fen ? { rule, base_fen, shares: split(off_fen, eligible) } : null
    }
    if (base_fen < at(rule.steps, 0)[0]) return null
    const lowered = this.segments.map(({ cls }) => !of.closed(cls, 'add_on') && cls !== 'multi')
    const sets = of.most(rule) || 1
    const shares = activities.addOnShares(rule, this.skus, this.units, nets, lowered, sets)
    return sum(shares) ? { rule, base_fen, shares } : null
  }

  private ownedAfter(i: number, owned: readonly boolean[]): readonly boolean[] {
    if (!activities.owns(at(this.of.activities, i))) return owned
    const may = at(this.may, i)
    return owned.map((taken, k) => taken || at(may, k))
  }

  /** What is to pay at least, when every remaining rule and coupon takes off all it could. */
  private bound(
    done: readonly number[],
    owned: readonly boolean[],
    nets: readonly number[],
  ): number {
    const { of } = this
    let total_fen = sum(nets)
    of.activities.forEach((rule, i) => {
      if (done.includes(i)) return
      const owner = activities.owns(rule)
      const fits = at(this.may, i).map((ok, k) => ok && !(owner && owned[k]))
      total_fen -= of.activityMost(rule, sumWhere(this.before, fits))
    })
    of.vouchers.forEach((choices, cls) => {
      const fits = at(this.fits, cls)
      const offs = choices.map((one, i) => of.couponMost(one, sumWhere(nets, at(fits, i))))
      total_fen -= of.wish.coupon_ids ? sum(offs) : Math.max(...offs)
    })
    return total_fen
  }

  /** One coupon of each class at most; those the shopper chose are all used where they take something off. */
  private coupons(
    cls: number,
    nets: readonly number[],
    applied: readonly Applied[],
    used: readonly Used[],
  ): void {
    if (!this.best.matchedBy(sum(nets) - at(this.most, cls))) return
    if (cls === this.of.vouchers.length) {
      this.done(nets, applied, used)
      return
    }
    const found: Used[] = []
    at(this.of.vouchers, cls).forEach((voucher, i) => {
      const fits = at(at(this.fits, cls), i)
      const worth = value(voucher.held, fits, nets, this.skus, this.units)
      if (worth.off_fen) found.push({ voucher, base_fen: sumWhere(nets, fits), worth })
    })
    const chosen = this.of.wish.coupon_ids !== null
    for (const one of chosen ? found.slice(0, 1) : found) {
      this.coupons(cls + 1, less(nets, one.worth.shares), applied, [...used, one])
    }
    if (!(chosen && found.length)) this.coupons(cls + 1, nets, applied, used)
  }

  private done(nets: readonly number[], applied: readonly Applied[], used: readonly Used[]): void {
    this.best.priced += 1
    const freight = this.freight(nets)
    if (!this.best.matchedBy(sum(nets) + freight.fen)) return
    const ends = used.map((one) => one.voucher.until_ms)
    if (freight.voucher) ends.push(freight.voucher.until_ms)
    const rank = { payable_fen: sum(nets) + freight.fen, ends: ends.sort((a, b) => a - b) }
    const plan = { rank, segments: this.segments, applied, used, nets, freight }
    if (this.of.wish.required.every(([source, id]) => uses(plan, source, id))) this.best.offer(plan)
  }

  private freight(nets: readonly number[]): Freight {
    const fee_fen = this.of.freight_fen
    if (!fee_fen) return { fen: 0, rule: null, voucher: null, off_fen: 0 }
    for (const rule of this.of.freeShipping) {
      const lines = this.of.covered(rule)
      const base_fen = sumWhere(
        nets,
        this.segments.map((one) => lines.has(one.line)),
      )
      if (base_fen >= at(rule.steps, 0)[0]) return { fen: 0, rule, voucher: null, off_fen: fee_fen }
    }
    let [off_fen, pick]: [number, Voucher | null] = [0, null]
    for (const voucher of this.of.freightVouchers) {
      const base_fen = sumWhere(
        nets,
        this.segments.map((one) => at(voucher.covers, one.line)),
      )
      const off = Math.min(couponOff(voucher.held, base_fen), fee_fen)
      const sooner = (other: Voucher) =>
        voucher.until_ms - other.until_ms || voucher.held.id - other.held.id
      if (off && (!pick || off > off_fen || (off === off_fen && sooner(pick) < 0))) {
        off_fen = off
        pick = voucher
      }
    }
    return { fen: fee_fen - off_fen, rule: null, voucher: pick, off_fen }
  }
}

/** Whether a plan uses a rule or coupon. */
export function uses(plan: Plan, source: 'promotion' | 'coupon', id: number): boolean {
  const { segments, applied, used, freight } = plan
  if (source === 'coupon') {
    return used.some((one) => one.voucher.held.id === id) || freight.voucher?.held.id === id
  }
  return (
    (id > 0 && segments.some((one) => one.rule_id === id)) ||
    applied.some((one) => one.rule.id === id) ||
    freight.rule?.id === id
  )
}
