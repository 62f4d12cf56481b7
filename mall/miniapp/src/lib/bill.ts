/** How a basket is paid for, as the customer wishes it; every figure is the server's. */

import type { Basket, Quote } from '../api/contract'

export type Goods = Pick<Basket, 'store_id' | 'lines' | 'barred' | 'mode' | 'address_id' | 'offer_id'>

export interface Wishes {
  /** Null: the best set, whatever it is. */
  coupon_ids: number[] | null
  /** Points to use at most; 0 for none. */
  points: number
  /** Whether stored value pays as much as it can. */
  wallet: boolean
}

export interface Bill {
  quote: Quote
  wishes: Wishes
}

export const NOTHING: Wishes = { coupon_ids: null, points: 0, wallet: false }

/** What a wish for points comes to under a ceiling: whole steps. */
export function fitting(points: number, most: number, step: number, least: number): number {
  const fits = Math.floor(Math.min(points, most) / step) * step
  return fits < least ? 0 : fits
}

/** The wishes as the form has them; what is not asked for is left out. */
export function asked(goods: Goods, coupon_ids: number[], points: number, wallet_fen: number): Basket {
  return {
    ...goods,
    points,
    ...(coupon_ids.length ? { coupon_ids } : {}),
    ...(wallet_fen ? { wallet_fen } : {}),
  }
}

function same(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((id) => other.includes(id))
}

/**
 * Ask for the price step by step: coupons first, then points under the ceiling that leaves, then stored value for
 * what is to pay of goods.  Wishes that the basket no longer allows are cut down to what it allows, and told back.
 */
export async function price(
  ask: (basket: Basket) => Promise<Quote>,
  goods: Goods,
  wishes: Wishes,
  balance_fen: number,
): Promise<Bill> {
  let ids = wishes.coupon_ids ?? []
  let quote = await ask(asked(goods, ids, 0, 0))
  const wanted = wishes.coupon_ids === null ? (quote.best_coupon_ids ?? []) : (quote.coupon_ids ?? [])
  if (!same(wanted, ids)) {
    ids = wanted
    quote = await ask(asked(goods, ids, 0, 0))
  }
  const points = fitting(wishes.points, quote.max_points, quote.points_step, quote.min_points)
  if (points) quote = await ask(asked(goods, ids, points, 0))
  const wallet_fen = wishes.wallet ? Math.min(balance_fen, quote.payable_fen - (quote.freight_fen ?? 0)) : 0
  if (wallet_fen) quote = await ask(asked(goods, ids, points, wallet_fen))
  const kept = wishes.coupon_ids === null ? null : ids
  return { quote, wishes: { coupon_ids: kept, points, wallet: wishes.wallet && balance_fen > 0 } }
}
