import { expect, test, vi } from 'vitest'
import type { CouponOffer, TopUpOffer } from '../api/contract-value'

vi.stubGlobal('uni', { getStorageSync: () => '', setStorageSync: () => undefined })
const { choosable, condition, round, scopeWords, toggled, validity, whyNot, worth } = await import('./coupons')
const { setLocale } = await import('./i18n')
const { brings, fenOf, tiles } = await import('./top-up')

const CASH: CouponOffer = {
  id: 1, name: '满减', kind: 'threshold_off', stack_class: 'platform', threshold_fen: 5000, face_fen: 800, rate_bp: 10_000,
  cap_fen: 0, until_at: '2026-12-01T00:00:00+08:00', off_fen: 800, lost_fen: 0, applied: false, usable: true, best: true,
  why_not: null,
} // prettier-ignore
const RULE: TopUpOffer = { rule_id: 1, code: 'a', title: '', amount_fen: 10_000, from_fen: null, bonus_fen: 1000, bonus_bp: null }

test.each([
  [{ ...CASH }, '¥8', '满 50 元可用'],
  [{ ...CASH, kind: 'cash' as const, threshold_fen: 0, face_fen: 850 }, '¥8.50', '无门槛'],
  [{ ...CASH, kind: 'rate' as const, rate_bp: 8500, cap_fen: 2000 }, '8.5折', '满 50 元可用，最多减 20 元'],
  [{ ...CASH, kind: 'rate' as const, rate_bp: 8000, threshold_fen: 0 }, '8折', '无门槛'],
  [{ ...CASH, kind: 'rate' as const, rate_bp: 8000, threshold_fen: 0, cap_fen: 1500 }, '8折', '最多减 15 元'],
  [{ ...CASH, kind: 'rate' as const, rate_bp: 8850, threshold_fen: 0 }, '8.85折', '无门槛'],
  [{ ...CASH, kind: 'goods' as const, threshold_fen: 0 }, '兑换', '无门槛'],
])('a ticket says what it is worth and from when (%#)', (coupon, shown, from) => {
  expect([Object.values(worth(coupon)).join(''), condition(coupon)]).toEqual([shown, from])
})

test('abroad a rate is what comes off', () => {
  setLocale('en')
  expect(Object.values(worth({ ...CASH, kind: 'rate', rate_bp: 8500 })).join(' ').trim()).toBe('15% off')
  setLocale('zh-CN')
})

test('a coupon that ends at midnight is good until the day before', () => {
  expect(validity(CASH)).toBe('2026-11-30 前有效')
  expect(validity({ until_at: null, valid_days: 7 })).toBe('领取后 7 天内有效')
})

test('a ticket says what it is good for', () => {
  const held = { ...CASH, state: 'issued' as const, from_at: null, claimed_at: null, store_id: null, order_id: null }
  expect(scopeWords({ ...held, scope: {}, store_ids: [], channels: [] })).toBe('全部商品')
  expect(scopeWords({ ...held, scope: { include: { skus: [1] } }, store_ids: [3], channels: ['till'] })).toBe('限指定商品 · 限指定门店 · 限门店')
})

test('an unusable coupon says why, and what would help', () => {
  expect(whyNot({ ...CASH, why_not: { code: 'short', short_fen: 650 } })).toBe('再买 6.50 元可用')
  expect(whyNot({ ...CASH, why_not: { code: 'not_in_this_store' } })).toBe('本店不可用')
  expect(whyNot({ ...CASH, why_not: { code: 'something_new' } })).toBe('本单不可用')
  expect(whyNot(CASH)).toBe('')
})

test('of each class one coupon: a tap takes the place of its like and leaves the others', () => {
  const all = [CASH, { ...CASH, id: 2 }, { ...CASH, id: 3, stack_class: 'store' as const }]
  expect(toggled([1, 3], all[1]!, all)).toEqual([3, 2])
  expect(toggled([1, 3], all[0]!, all)).toEqual([3])
  expect(choosable({ ...CASH, usable: false, why_not: { code: 'class_taken', coupon_id: 1 } })).toBe(true)
  expect(choosable({ ...CASH, usable: false, why_not: { code: 'short', short_fen: 1 } })).toBe(false)
})

test('a rule announces what it brings, floored, and nothing where it does not fit', () => {
  expect([brings(RULE, 10_000), brings(RULE, 10_001)]).toEqual([1000, 0])
  expect(brings({ ...RULE, amount_fen: null, from_fen: 5000, bonus_fen: null, bonus_bp: 333 }, 9999)).toBe(332)
})

test('tiles are one an amount, smallest first, with the most that any rule brings', () => {
  const share: TopUpOffer = { ...RULE, rule_id: 2, amount_fen: null, from_fen: 5000, bonus_fen: null, bonus_bp: 2000 }
  const shown = tiles([RULE, share]).map((tile) => [tile.amount_fen, tile.bonus_fen])
  expect(shown).toEqual([[5000, 1000], [10_000, 2000]])
})

test.each([
  ['50', 5000],
  ['50.5', 5050],
  [' 0.01 ', 1],
  ['0', null],
  ['1.234', null],
  ['-5', null],
  ['abc', null],
])('the amount "%s" is %s fen', (text, fen) => {
  expect(fenOf(text)).toBe(fen)
})

test('even yuan stand alone on a ticket', () => {
  expect([round(2000), round(1950)]).toEqual(['20', '19.50'])
})
