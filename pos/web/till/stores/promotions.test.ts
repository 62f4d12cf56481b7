import { Refused } from '@web/api'
import type { Quote, QuoteLine } from '@web/contract'
import { expect, test } from 'vitest'
import { nextStep, othersOf, refusedWords, stepName, tagsOf } from './promotions'

const quote = {
  promotions: [
    { rule_id: 1, kind: 'nth_rate', on: 'nth', steps: [[2, 5000]], name: '面包半价', off_fen: 490 },
    { rule_id: 2, kind: 'amount_off', steps: [[9900, 800]], name: '全场满减', off_fen: 800 },
    { rule_id: 3, kind: 'gift', steps: [[12_900, 0]], name: '满 129 赠抽纸', off_fen: 1290 },
  ],
  why_not: [
    { rule_id: 4, kind: 'flash', name: '晚市', code: 'starts', at_ms: Date.now() + 1 },
    {
      rule_id: 5,
      kind: 'amount_off',
      name: '大满减',
      code: 'short',
      short_fen: 19_000,
      at_fen: 20_000,
      gives: 1,
    },
    {
      rule_id: 2,
      kind: 'amount_off',
      name: '全场满减',
      code: 'next',
      short_fen: 600,
      at_fen: 20_000,
      gives: 3000,
    },
    { rule_id: 6, kind: 'bundle', name: '套餐', code: 'over' },
    { rule_id: 7, kind: 'member_price', name: '会员价', code: 'members_only' },
    { rule_id: 8, kind: 'buy_get', name: '买赠', code: 'barred' },
  ],
} as unknown as Quote

const share = (source: string, source_id: number, amount_fen: number) => ({
  source,
  source_id,
  amount_fen,
  points: 0,
})

test('a line has a tag for each promotion and one for all its coupons', () => {
  const allocations = [
    share('promotion', 1, 490),
    share('promotion', 2, 100),
    share('coupon', 1, 30),
    share('coupon', 9, 20),
  ]
  const told = tagsOf(quote, { allocations } as unknown as QuoteLine)
  expect(told.map((tag) => [tag.text, tag.fen])).toEqual([
    ['第 2 件半价', 490],
    ['满减', 100],
    ['优惠券', 50],
  ])
})

test('what helps the sale along comes first, and what was declined stands elsewhere', () => {
  expect(othersOf(quote).map((one) => one.row.rule_id)).toEqual([2, 5, 7, 4, 6])
  expect(othersOf(quote)[2]?.words).toBe('会员专享，先录入会员')
})

test('the next step is told once half of it is there', () => {
  expect(nextStep(quote)).toBe('再买 ¥6 享满200减30')
  expect(nextStep({ ...quote, why_not: quote.why_not.slice(0, 2) })).toBe('')
})

test('a gift stands behind the promotion that gives it', () => {
  const step = { seq: 2, source: 'promotion', source_id: 3, name: '抽纸', delta_fen: -1290 }
  expect(stepName(quote, step)).toBe('满 129 赠抽纸 · 抽纸')
  expect(stepName(quote, { seq: 3, source: 'points', delta_fen: -100 })).toBe('积分抵扣')
})

test('a quota lost at the last moment is told by the name of its promotion', () => {
  const facts = { promotions: [{ name: '限时抢购' }] }
  const said = refusedWords(new Refused(409, 'promotion_quota_used', '', facts))
  expect(said).toBe('“限时抢购”名额刚被抢完，已按新价格重算，请核对后再收款。')
  expect(refusedWords(new Refused(409, 'out_of_stock', '缺货', {}))).toBe('缺货')
})
