import { expect, test, vi } from 'vitest'
import type { Explained, ShelfOffer, WhyNot } from '../api/contract-price'

vi.stubGlobal('uni', { getStorageSync: () => '', setStorageSync: () => undefined })
const { cardTags, lineTags, nearlyWords, parted, promotedFen, turned, whyWords } = await import('./promotions')
const { longCountdown } = await import('./time')

const flash: ShelfOffer = { rule_id: 3, kind: 'flash', name: '早市', price_fen: 500, until_at: null, most: null }
const share = (source: string, source_id: number, amount_fen: number) => ({ source, source_id, amount_fen, points: 0 })
const why = (of: Partial<WhyNot>): WhyNot => ({ rule_id: 1, kind: 'amount_off', name: '满减', code: 'short', ...of })
const TRACE = [
  { seq: 1, source: 'list', delta_fen: 2000 },
  { seq: 2, source: 'promotion', source_id: 3, name: '早市', delta_fen: -400 },
  { seq: 3, source: 'coupon', source_id: 3, name: '满十减五', delta_fen: -500 },
]

test('a card names its price, what members pay, and the deals by their first step; three at most', () => {
  const promotions = [
    { rule_id: 1, name: '满减', kind: 'amount_off', steps: [[9_900, 800], [20_000, 3_000]] },
    { rule_id: 2, name: '买赠', kind: 'buy_get', buy: 2, get: 1 },
  ]
  expect(cardTags({ offer: flash, member_fen: 891, promotions })).toEqual(['限时抢购', '会员 ¥8.91', '满99减8'])
  expect([cardTags({}), cardTags({ promotions })]).toEqual([[], ['满99减8', '买 2 送 1']])
})

test('cards are old when a price on one of them has ended or begun', () => {
  const [past, future] = ['2026-01-01T00:00:00Z', '2099-01-01T00:00:00Z']
  expect(turned([{}, { offer: flash }, { offer: { ...flash, until_at: future } }, { coming: { ...flash, from_at: future } }])).toBe(false)
  expect([turned([{ offer: { ...flash, until_at: past } }]), turned([{ coming: { ...flash, from_at: past } }])]).toEqual([true, true])
})

test('a line costs its list price less promotions, and names those alone that lowered it', () => {
  const line = { list_fen: 2000, allocations: [share('promotion', 3, 400), share('coupon', 3, 500)] }
  expect([promotedFen(line), lineTags(line, TRACE)]).toEqual([1600, ['早市']])
  expect([lineTags({ gift: true, allocations: [share('promotion', 9, 100)] }, TRACE), lineTags({}, TRACE)]).toEqual([['赠品'], []])
})

test('what is short is offered, what was declined and what is idle stand apart', () => {
  const why_not = [why({ short_fen: 600, at_fen: 20_000, gives: 3_000 }), why({ code: 'barred' }), why({ code: 'over' })]
  const of: Explained = { trace: TRACE, why_not }
  expect(nearlyWords(of)).toBe('再买 ¥6 享满200减30')
  expect([nearlyWords(null), nearlyWords({ trace: TRACE })]).toEqual(['', ''])
  const { barred, useful, idle } = parted(why_not)
  expect([barred, useful, idle].map((rows) => rows.map((row) => row.code))).toEqual([['barred'], ['short'], ['over']])
  expect(whyWords(why({ code: 'excluded_by', rule_id_by: 3 }), of)).toBe('与“早市”不同享')
  expect(whyWords(why({ code: 'not_your_tier', tiers: ['gold'] }), of)).toBe('限金卡会员')
})

test('a sale is counted down by the hour, and by days where there are any', () => {
  const days = (n: number) => `${n} 天`
  expect([longCountdown(10_799, days), longCountdown(93_784, days)]).toEqual(['02:59:59', '1 天 02:03:04'])
})
