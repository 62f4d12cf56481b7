import { expect, test } from 'vitest'
import en from './locale/pricing-en.json'
import zh from './locale/pricing-zh-CN.json'
import {
  dealWords,
  differenceWords,
  nearest,
  stepWords,
  type WhyNot,
  whyNotWords,
} from './pricing-words'

const TOLD = {
  locale: 'zh-CN' as const,
  when: () => '20:00',
  tier: (code: string) => code,
  rule: (id: number) => (id === 7 ? '早餐套餐' : ''),
}
const row = (of: Partial<WhyNot>): WhyNot => ({
  rule_id: 1,
  kind: 'amount_off',
  name: '满减',
  code: 'short',
  ...of,
})
const say = (of: Partial<WhyNot>) => whyNotWords(row(of), TOLD)

test('both languages have the same sentences with the same facts', () => {
  const facts = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()
  expect(Object.keys(en)).toEqual(Object.keys(zh))
  for (const [key, text] of Object.entries(zh))
    if (key !== 'rate') expect([key, facts(en[key as keyof typeof en])]).toEqual([key, facts(text)])
})

test('why a promotion does nothing is told with what would help', () => {
  expect(say({ short_fen: 600, at_fen: 20_000, gives: 3_000 })).toBe('再买 ¥6 享满200减30')
  expect(
    say({ kind: 'amount_rate', code: 'next', short_fen: 650, at_fen: 6_000, gives: 8_500 }),
  ).toBe('再买 ¥6.50 享满60享8.5 折')
  expect(say({ kind: 'buy_get', short_units: 2 })).toBe('再买 2 件可享')
  expect([
    say({ code: 'dearer', by_fen: 320 }),
    say({ code: 'dearer', by_fen: 0 }),
    say({ code: 'dearer' }),
  ]).toEqual(['用它要多付 ¥3.20', '用它不会更便宜', '已用更优惠的方案'])
  expect([
    say({ code: 'excluded_by', rule_id_by: 7 }),
    say({ code: 'excluded_by', rule_id_by: 8 }),
  ]).toEqual(['与“早餐套餐”不同享', '与已享活动不同享'])
  expect([
    say({ code: 'starts', at_ms: 1 }),
    say({
      code: 'not_now',
      hours: [
        [600, 720],
        [1020, 1200],
      ],
    }),
  ]).toEqual(['20:00 开始', '活动时段 10:00–12:00 17:00–20:00'])
  expect(say({ code: 'nobody_knows' })).toBe('')
})

test('what a promotion does is told by its steps', () => {
  expect(
    dealWords('zh-CN', {
      kind: 'amount_off',
      steps: [
        [9_900, 800],
        [20_000, 3_000],
      ],
    }),
  ).toEqual(['满99减8', '满200减30'])
  expect(dealWords('zh-CN', { kind: 'nth_rate', steps: [[2, 5_000]], on: 'nth' })).toEqual([
    '第 2 件半价',
  ])
  expect(dealWords('en', { kind: 'nth_rate', steps: [[3, 8_000]] })).toEqual(['3 for 20% off'])
  expect(dealWords('en', { kind: 'buy_get', buy: 2, get: 1 })).toEqual(['Buy 2 get 1'])
  expect(dealWords('zh-CN', { kind: 'bundle' })).toEqual(['组合套餐'])
  expect([
    stepWords('en', { source: 'points' }),
    stepWords('en', { source: 'promotion', name: '满减' }),
  ]).toEqual(['Points', '满减'])
})

test('the nearest threshold is offered, money only', () => {
  const rows = [
    row({ short_units: 1 }),
    row({ short_fen: 900 }),
    row({ code: 'next', short_fen: 600 }),
    row({ code: 'over' }),
  ]
  expect([nearest(rows)?.short_fen, nearest([])]).toEqual([600, null])
})

test('what became dearer is told by line, with what no longer counts and why', () => {
  const line = { name: '牛奶', gift: false, was_net_fen: 1_680, net_fen: 1_980 }
  const gone = { name: '满减', why_not: row({ code: 'quota_used' }) }
  expect(differenceWords({ ...line, gone: [gone] }, TOLD)).toBe(
    '牛奶 ¥16.80 → ¥19.80（“满减”活动名额已用完）',
  )
  expect(differenceWords({ ...line, gone: [] }, TOLD)).toBe('牛奶 ¥16.80 → ¥19.80')
  expect(
    differenceWords({ ...line, gift: true, gone: [{ name: '满赠' }] }, { ...TOLD, locale: 'en' }),
  ).toBe('No more gift 牛奶 (“满赠” no longer applies)')
})
