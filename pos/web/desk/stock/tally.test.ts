import { expect, test } from 'vitest'
import type { Paper } from './contract'
import { amount, differences, fresh, oneMore, typed, workOf } from './tally'

const goods = { sku_id: 1, name: '牛奶', spec: '250ml', unit: '盒', weighed: false }
const paper = (facts: Partial<Paper>): Paper => ({
  id: 1,
  state: 'open',
  store_id: 1,
  at: '',
  skus: 1,
  ...facts,
})

test.each([
  ['counts', paper({}), 'count'],
  ['counts', paper({ state: 'posted' }), null],
  ['deliveries', paper({ state: 'expected' }), 'deliver'],
  ['transfers', paper({ state: 'requested', store_id: 1, to_store_id: 2 }), 'ship'],
  ['transfers', paper({ state: 'requested', store_id: 2, to_store_id: 1 }), null],
  ['transfers', paper({ state: 'shipped', store_id: 2, to_store_id: 1 }), 'receive'],
  ['transfers', paper({ state: 'shipped', store_id: 1, to_store_id: 2 }), null],
] as const)('of %s, store 1 does with its paper what is its to do', (tab, of, work) => {
  expect(workOf(tab, of, 1)).toBe(work)
})

test('a count is blind, an arrival is held against what was sent', () => {
  const lines = [{ ...goods, shipped: 3, expected: 9 }]
  expect(fresh(paper({ lines }), 'count')[0]?.wanted).toBeNull()
  expect(fresh(paper({ lines }), 'receive')[0]).toMatchObject({ wanted: 3, qty: 0 })
})

test('scans add up, the latest on top', () => {
  const twice = oneMore(oneMore(oneMore([], goods), { ...goods, sku_id: 2 }), goods)
  expect(twice.map((line) => [line.sku_id, line.qty])).toEqual([
    [1, 2],
    [2, 1],
  ])
})

test('differences are signed, and none where nothing was said', () => {
  const line = { ...goods, damaged: 0 }
  const tally = [
    { ...line, qty: 2, wanted: 3 },
    { ...line, sku_id: 2, qty: 3, wanted: 3 },
    { ...line, sku_id: 3, qty: 9, wanted: null },
  ]
  expect(differences(tally).map((one) => [one.sku_id, one.by])).toEqual([[1, -1]])
})

test('what is weighed is typed and shown in kilograms, and its scan only brings it up', () => {
  const apples = { ...goods, sku_id: 2, unit: 'kg', weighed: true }
  expect(oneMore(oneMore([], goods), apples).map((line) => [line.sku_id, line.qty])).toEqual([
    [2, 0],
    [1, 1],
  ])
  expect([typed('1.25', true), typed('3', false), typed('2.9', false), typed('-1', true)]).toEqual([
    1250, 3, 2, 0,
  ])
  expect([amount(1250, apples), amount(-2, goods, true), amount(3, goods, true)]).toEqual([
    '1.25 kg',
    '-2 盒',
    '+3 盒',
  ])
})

test('what arrives without being on the paper differs from it', () => {
  expect(differences(oneMore([], goods, 0)).map((one) => one.by)).toEqual([1])
})
