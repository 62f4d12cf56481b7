/** What a coupon takes off these lines, or why it takes nothing: `member/coupons/worth.py` in TypeScript. */

import { floorDiv, halfUp, split, sure, times } from './fen'
import { at, sum } from './lists'
import { holds, type Reason, type Scope } from './rules'

export type CouponKind = 'threshold_off' | 'rate' | 'cash' | 'goods' | 'freight' | 'gift'
export type StackClass = 'goods' | 'store' | 'platform' | 'freight'

/** Where and when a coupon would be used. */
export interface At {
  readonly store_id: number
  readonly channel: string
  readonly now_ms: number
}

/** A coupon its member could use, with what its template says. */
export interface Held {
  readonly id: number
  readonly template_id: number
  readonly name: string
  readonly kind: CouponKind
  readonly stack_class: StackClass
  readonly from_ms: number
  readonly until_ms: number
  readonly threshold_fen: number
  readonly off_fen: number
  readonly rate_bp: number
  readonly cap_fen: number
  readonly goods: readonly { readonly sku_id: number; readonly qty: number }[]
  readonly scope: Scope | null
  readonly store_ids: readonly number[]
  readonly channels: readonly string[]
}

/**
 * What a coupon takes off each line (`shares`), or `why_not`.
 *
 * `lost_fen` is the part of its face that the goods were too cheap for: a coupon is used up whole.
 */
export interface Worth {
  readonly off_fen: number
  readonly shares: readonly number[]
  readonly lost_fen: number
  readonly why_not: Reason | null
}

export function worth(off_fen = 0, shares: readonly number[] = [], lost_fen = 0): Worth {
  return { off_fen, shares, lost_fen, why_not: null }
}

function no(why_not: Reason): Worth {
  return { ...worth(), why_not }
}

/** Whether the coupon's scope holds a sku of this category. */
export function couponCovers(held: Held, sku_id: number, category_id: number): boolean {
  if (held.kind === 'goods' || held.kind === 'gift') {
    return held.goods.some((one) => one.sku_id === sku_id)
  }
  return holds(held.scope ?? {}, sku_id, category_id)
}

/** Why the coupon cannot be used at this place and time, whatever the basket; null when it may. */
export function notHere(held: Held, here: At): Reason | null {
  if (here.now_ms < held.from_ms) return { code: 'not_yet', from_ms: held.from_ms }
  if (here.now_ms >= held.until_ms) return { code: 'over' }
  if (held.store_ids.length && !held.store_ids.includes(here.store_id)) {
    return { code: 'not_in_this_store' }
  }
  if (held.channels.length && !held.channels.includes(here.channel)) {
    return { code: 'not_in_this_channel' }
  }
  return null
}

/** What a coupon that may be used here takes off goods that cost so much; `fits` says which of them it covers. */
export function value(
  held: Held,
  fits: readonly boolean[],
  nets_fen: readonly number[],
  sku_ids: readonly number[],
  qtys: readonly number[],
): Worth {
  sure(fits.length === nets_fen.length, fits, nets_fen)
  const nets = nets_fen.map((net_fen, i) => (fits[i] ? net_fen : 0))
  const base_fen = sum(nets)
  if (!base_fen) {
    return no({ code: fits.some((fit) => fit) ? 'nothing_left_to_pay' : 'no_goods_of_it' })
  }
  if (base_fen < held.threshold_fen) {
    return no({ code: 'short', short_fen: held.threshold_fen - base_fen })
  }
  if (held.kind === 'goods') return freeGoods(held, nets, sku_ids, qtys)
  const face_fen = held.kind === 'rate' ? rateOff(held, base_fen) : held.off_fen
  const off_fen = Math.min(face_fen, base_fen)
  if (!off_fen) return no({ code: 'nothing_left_to_pay' })
  return worth(off_fen, split(off_fen, nets), held.kind === 'rate' ? 0 : face_fen - off_fen)
}

/** What 折扣 takes off, up to its cap. */
export function rateOff(terms: { rate_bp: number; cap_fen: number }, base_fen: number): number {
  const off_fen = base_fen - halfUp(times(base_fen, terms.rate_bp), 10_000)
  return terms.cap_fen ? Math.min(off_fen, terms.cap_fen) : off_fen
}

/** The named units are free: each line gives what that many of its units cost. */
function freeGoods(
  held: Held,
  nets_fen: readonly number[],
  sku_ids: readonly number[],
  qtys: readonly number[],
): Worth {
  const left = new Map(held.goods.map((one) => [one.sku_id, one.qty]))
  const shares = nets_fen.map((net_fen, i) => {
    const [sku_id, qty] = [at(sku_ids, i), at(qtys, i)]
    const have = left.get(sku_id) ?? 0
    const units = net_fen ? Math.min(have, qty) : 0
    if (units) left.set(sku_id, have - units)
    return floorDiv(times(net_fen, units), qty)
  })
  return sum(shares) ? worth(sum(shares), shares) : no({ code: 'nothing_left_to_pay' })
}
