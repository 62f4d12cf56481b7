import type { CouponOffer, Quote } from '@web/contract'
import { expect, test } from 'vitest'
import { canTake, couponsAfter, promise, toggled, whyNot } from './coupons'
import { bonusOf } from './wallet'

const offer = (id: number, more: Partial<CouponOffer> = {}): CouponOffer => ({
  id,
  name: `券${id}`,
  kind: 'cash',
  stack_class: 'store',
  threshold_fen: 0,
  face_fen: 500,
  rate_bp: 10_000,
  cap_fen: 0,
  until_at: '2026-12-31T16:00:00+00:00',
  dearer_by_fen: 0,
  off_fen: 500,
  lost_fen: 0,
  applied: false,
  usable: true,
  best: false,
  why_not: null,
  ...more,
})

const quote = (coupons: CouponOffer[], more: Partial<Quote> = {}) =>
  ({
    coupons,
    coupon_ids: coupons.filter((one) => one.applied).map((one) => one.id),
    best_coupon_ids: coupons.filter((one) => one.best).map((one) => one.id),
    refused_coupons: [],
    ...more,
  }) as unknown as Quote

const choice = { coupon_ids: [1, 2], chosenCoupons: false, authorisation: 'token' }

test('the best set comes by itself, but only to a member who proved to be there', () => {
  const asked = quote([offer(1), offer(3, { best: true })])
  expect(couponsAfter(asked, choice)).toEqual([3])
  expect(couponsAfter(asked, { ...choice, authorisation: null })).toEqual([])
})

test('a choice by hand stays, less what no longer fits', () => {
  const asked = quote([], { refused_coupons: [{ coupon_id: 2, code: 'short' }] })
  expect(couponsAfter(asked, { ...choice, chosenCoupons: true })).toEqual([1])
})

test('a coupon taken puts back the one of its class, and keeps the others', () => {
  const freight = offer(9, { applied: true, stack_class: 'freight' })
  const asked = quote([offer(1, { applied: true }), freight, offer(2)])
  expect(toggled(asked, offer(2))).toEqual([9, 2])
  expect(toggled(asked, freight)).toEqual([1])
})

test.each([
  [offer(1), true],
  [offer(1, { usable: false, why_not: { code: 'class_taken', coupon_id: 2 } }), true],
  [offer(1, { usable: false, off_fen: 0, why_not: { code: 'short', short_fen: 10 } }), false],
])('what can be taken: %#', (one, can) => {
  expect(canTake(one)).toBe(can)
})

test('a coupon says what it gives, and why it cannot be used', () => {
  expect(promise(offer(1))).toBe('抵 5 元')
  expect(promise(offer(1, { kind: 'rate', rate_bp: 8500 }))).toBe('8.5 折')
  expect(promise(offer(1, { kind: 'threshold_off', threshold_fen: 3000 }))).toBe('满 30 减 5')
  expect(whyNot({ code: 'short', short_fen: 610 })).toBe('再买 6.10 元可用')
  expect(whyNot({ code: 'unheard_of' })).toBe('不能用于本单')
})

test('the tile says what the server will give: exactly its amount, or a share floored', () => {
  const tile = { rule_id: 1, title: '', bonus_fen: 3000, bonus_bp: null }
  expect(bonusOf({ ...tile, amount_fen: 20000, from_fen: null }, 20000)).toBe(3000)
  expect(bonusOf({ ...tile, amount_fen: 20000, from_fen: null }, 20001)).toBe(0)
  const rate = { ...tile, amount_fen: null, from_fen: 10000, bonus_fen: null, bonus_bp: 333 }
  expect(bonusOf(rate, 10099)).toBe(336)
  expect(bonusOf(rate, 9999)).toBe(0)
})
