/** The member's coupons as the faces show them: what each takes off, or would, and why it does nothing. */

import type { Case, Voucher } from './case'
import { type Held, value, type Worth, worth } from './coupons'
import { at, sorted } from './lists'
import type { Reason } from './rules'
import { type Plan, uses } from './weigh'
import type { Again } from './why-not'

/** A coupon with what it takes off now, or would; `dearer_by_fen` is what it costs more than the best ones. */
export interface Offered {
  readonly id: number
  readonly name: string
  readonly kind: string
  readonly stack_class: string
  readonly threshold_fen: number
  readonly face_fen: number
  readonly rate_bp: number
  readonly cap_fen: number
  readonly until_ms: number
  readonly off_fen: number
  readonly lost_fen: number
  readonly applied: boolean
  readonly usable: boolean
  readonly why_not: Reason | null
  readonly best: boolean
  readonly dearer_by_fen: number
}

/** `refused` were asked for and take nothing off; `best_ids` is what the search would choose. */
export interface Offers {
  readonly offers: readonly Offered[]
  readonly refused: readonly Reason[]
  readonly best_ids: readonly number[]
}

/** Why of each coupon asked for that takes nothing off. */
export function refused(of: Case, plan: Plan, coupons: readonly Held[]): Reason[] {
  return (of.wish.coupon_ids ?? []).flatMap((asked): Reason[] => {
    const held = coupons.find((one) => one.id === asked)
    if (!held) return [{ coupon_id: asked, code: 'not_yours' }]
    if (uses(plan, 'coupon', asked)) return []
    const { why_not } = worthNow(of, plan, held)
    return [{ ...(why_not ?? { code: 'class_taken' }), coupon_id: asked }]
  })
}

/** Every coupon with what it would take off now; the best first, then those that take off most. */
export function offers(of: Case, plan: Plan, coupons: readonly Held[], again: Again): Offers {
  const best = of.wish.coupon_ids ? again({ ...of.wish, coupon_ids: null }) : plan
  const isBest = (held: Held) => !!best && uses(best, 'coupon', held.id)
  const rows = coupons.map((held): Offered => {
    const { now, why_not } = worthNow(of, plan, held)
    const costs = now.off_fen > 0 && !isBest(held)
    return {
      ...printed(held),
      off_fen: now.off_fen,
      lost_fen: now.lost_fen,
      applied: uses(plan, 'coupon', held.id),
      usable: !why_not,
      why_not,
      best: isBest(held),
      dearer_by_fen: costs ? dearer(of, best, held, again) : 0,
    }
  })
  const last = (row: Offered) => (row.best ? 0 : 2) + (row.off_fen ? 0 : 1)
  const ranked = sorted(rows, (a, b) => {
    return last(a) - last(b) || b.off_fen - a.off_fen || a.until_ms - b.until_ms || a.id - b.id
  })
  const best_ids = coupons.filter(isBest).map((held) => held.id)
  return { offers: ranked, refused: refused(of, plan, coupons), best_ids }
}

/** What is printed on the coupon. */
function printed(held: Held) {
  const { id, name, kind, stack_class, threshold_fen, rate_bp, cap_fen, until_ms } = held
  const face_fen = held.off_fen
  return { id, name, kind, stack_class, threshold_fen, face_fen, rate_bp, cap_fen, until_ms }
}

/** What the basket would cost more with this coupon than with the best ones. */
function dearer(of: Case, best: Plan | null, held: Held, again: Again): number {
  const other = again({ ...of.wish, coupon_ids: null, required: [['coupon', held.id]] })
  return other && best ? other.rank.payable_fen - best.rank.payable_fen : 0
}

/** What it takes off or would take off now, and why it does not. */
function worthNow(of: Case, plan: Plan, held: Held): { now: Worth; why_not: Reason | null } {
  const used = plan.used.find((one) => one.voucher.held.id === held.id)
  if (used) return { now: used.worth, why_not: null }
  if (plan.freight.voucher?.held.id === held.id) {
    return { now: worth(plan.freight.off_fen), why_not: null }
  }
  const unfit = of.whyUnfit(held)
  if (unfit) return { now: worth(), why_not: unfit }
  if (of.freightVouchers.some((voucher) => voucher.held.id === held.id)) {
    return { now: worth(), why_not: { code: 'nothing_to_use_it_on' } }
  }
  const holder = plan.used.find((one) => one.voucher.held.stack_class === held.stack_class)?.voucher
  const now = would(of, plan, held, holder)
  if (!holder || now.why_not) return { now, why_not: now.why_not }
  return { now, why_not: { code: 'class_taken', coupon_id: holder.held.id } }
}

/** On the goods as they are now; where its class is taken, as they were before any coupon. */
function would(of: Case, plan: Plan, held: Held, holder: Voucher | undefined): Worth {
  let nets = plan.nets
  for (const used of holder ? plan.used : []) {
    nets = nets.map((fen, i) => fen + at(used.worth.shares, i))
  }
  const covers = of.couponCovers(held)
  const fits = plan.segments.map(
    (one) => at(covers, one.line) && !of.closed(one.cls, held.stack_class),
  )
  const skus = plan.segments.map((one) => at(of.goods, one.line).sku_id)
  return value(
    held,
    fits,
    nets,
    skus,
    plan.segments.map((one) => one.units),
  )
}
