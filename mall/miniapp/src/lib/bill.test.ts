import { expect, test } from 'vitest'
import type { Basket, Quote } from '../api/contract'
import { fitting, NOTHING, price } from './bill'

const GOODS = { store_id: 1, lines: [{ sku_id: 1, qty: 2 }] }

/** A server whose basket costs 50.00, has coupon 7 worth 5.00 as its best, and lets points pay half of the rest. */
function server(known: number[] = [7]) {
  const baskets: Basket[] = []
  const ask = async (basket: Basket): Promise<Quote> => {
    baskets.push(basket)
    const ids = (basket.coupon_ids ?? []).filter((id) => known.includes(id))
    const coupon_fen = ids.length * 500
    const payable_fen = 5000 - coupon_fen - basket.points
    return {
      lines: [], list_fen: 5000, coupon_fen, coupon_ids: ids, best_coupon_ids: known, coupons: [], discount_fen: 0,
      points_used: basket.points, points_fen: basket.points, payable_fen, wallet_fen: basket.wallet_fen ?? 0,
      due_fen: payable_fen - (basket.wallet_fen ?? 0), earns_points: 0, max_points: (5000 - coupon_fen) / 2, points_step: 100, min_points: 100,
      points_limit: 'goods', points_limit_at: 2500, trace: [],
    } // prettier-ignore
  }
  return { ask, baskets }
}

test('without a wish the best coupons are used, and nothing is asked that is not needed', async () => {
  const { ask, baskets } = server()
  const bill = await price(ask, GOODS, NOTHING, 0)
  expect([bill.quote.payable_fen, bill.wishes.coupon_ids, baskets.length]).toEqual([4500, null, 2])
  expect(baskets[0]).toEqual({ ...GOODS, points: 0 })
})

test('a customer who wants no coupon gets none', async () => {
  const { ask, baskets } = server()
  const bill = await price(ask, GOODS, { ...NOTHING, coupon_ids: [] }, 0)
  expect([bill.quote.payable_fen, baskets.length]).toEqual([5000, 1])
})

test('a coupon that takes nothing off any more is let go', async () => {
  const { ask } = server([7])
  const bill = await price(ask, GOODS, { ...NOTHING, coupon_ids: [7, 9] }, 0)
  expect(bill.wishes.coupon_ids).toEqual([7])
})

test('points fit the ceiling after coupons in whole steps, and stored value pays the rest as far as it goes', async () => {
  const { ask } = server()
  const bill = await price(ask, GOODS, { coupon_ids: null, points: 9999, wallet: true }, 2000)
  expect(bill.wishes.points).toBe(2200)
  expect(bill.quote).toMatchObject({ points_used: 2200, payable_fen: 2300, wallet_fen: 2000, due_fen: 300 })
})

test('stored value never pays more than there is to pay, and an empty wallet pays nothing', async () => {
  const rich = await price(server().ask, GOODS, { ...NOTHING, wallet: true }, 900_000)
  expect(rich.quote).toMatchObject({ wallet_fen: 4500, due_fen: 0 })
  const poor = await price(server().ask, GOODS, { ...NOTHING, wallet: true }, 0)
  expect([poor.wishes.wallet, poor.quote.wallet_fen]).toEqual([false, 0])
})

test.each([
  [250, 1000, 100, 100, 200],
  [9999, 1050, 100, 100, 1000],
  [50, 1000, 100, 100, 0],
  [250, 1000, 100, 500, 0],
  [0, 0, 100, 100, 0],
])('%i points under %i in steps of %i from %i are %i', (points, most, step, least, fits) => {
  expect(fitting(points, most, step, least)).toBe(fits)
})
