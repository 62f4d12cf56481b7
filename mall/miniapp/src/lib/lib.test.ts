import { expect, test, vi } from 'vitest'
import en from '../locale/en.json'
import zh from '../locale/zh-CN.json'
import type { QuoteLine } from '../api/contract'
import type { CartLine } from './basket'
import { faultOf, withMore, withQty } from './basket'
import { distance } from './distance'
import { iconAddress } from './icons'
import { parts, quantity, stepOf, stockOf, unitOf, yuan } from './money'
import { requestId } from './request-id'
import { clock, countdown, dateAndTime, day, daysAhead, secondsLeft } from './time'

test.each([
  [0, '0.00'],
  [5, '0.05'],
  [1234, '12.34'],
  [100_000, '1000.00'],
  [-905, '−9.05'],
])('%i fen are shown as %s', (fen, shown) => {
  expect(yuan(fen)).toBe(shown)
})

test('an amount comes in pieces, so that the decimals can be smaller', () => {
  expect(parts(-1990)).toEqual({ sign: '−', whole: '19', cents: '90' })
})

test('weighed goods are counted in grams and shown in kilograms', () => {
  expect([quantity(500, true), unitOf({ weighed: true, unit: 'kg' }), stepOf(true)]).toEqual(['0.5', 'kg', 500])
  expect([quantity(2, false), unitOf({ weighed: false, unit: '盒' }), stepOf(false)]).toEqual(['2', '盒', 1])
})

test.each([
  [0, false, 'none'],
  [10, false, 'few'],
  [11, false, 'plenty'],
  [5000, true, 'few'],
  [5001, true, 'plenty'],
] as const)('%i free (weighed %s) is %s', (free, weighed, stock) => {
  expect(stockOf(free, weighed)).toBe(stock)
})

const MILK = { sku_id: 1, product_id: 9, name: '牛奶', spec: '250ml', unit: '盒', weighed: false, picture: '/p.svg' }
const APPLE = { ...MILK, sku_id: 2, name: '苹果', unit: 'kg', weighed: true }

function cart(...lines: [typeof MILK, number][]): CartLine[] {
  return lines.reduce<CartLine[]>((all, [goods, qty]) => withMore(all, goods, qty), [])
}

test('adding the same goods again raises one line, brings it to the front and chooses it', () => {
  const lines = withMore(cart([MILK, 1], [APPLE, 500]).map((line) => ({ ...line, chosen: false })), MILK, 2)
  expect(lines.map(({ sku_id, qty, chosen }) => [sku_id, qty, chosen])).toEqual([
    [1, 3, true],
    [2, 500, false],
  ])
})

test('the cart keeps only what it needs of a card', () => {
  expect(withMore([], { ...MILK, price_fen: 990 } as typeof MILK, 1)[0]).toEqual({ ...MILK, qty: 1, chosen: true })
})

test('a quantity stays between one step and the most that one may order', () => {
  expect(withQty(cart([MILK, 1]), 1, 0)[0]?.qty).toBe(1)
  expect(withQty(cart([MILK, 1]), 1, 5000)[0]?.qty).toBe(999)
  expect(withQty(cart([APPLE, 500]), 2, 200)[0]?.qty).toBe(500)
  expect(withMore(cart([APPLE, 99_000]), APPLE, 5000)[0]?.qty).toBe(99_500)
})

test.each([
  [undefined, 'not_sold'],
  [0, 'sold_out'],
  [1, 'short'],
  [2, null],
] as const)('two wanted and %s free is %s', (free, fault) => {
  expect(faultOf({ qty: 2 }, free === undefined ? undefined : ({ free } as QuoteLine))).toBe(fault)
})

test('moments are shown in the time of the shop, whatever the phone is set to', () => {
  expect([clock('2026-11-23T16:30:00.123456+00:00'), day('2026-11-23T16:30:00Z')]).toEqual(['00:30', '2026-11-24'])
  expect(dateAndTime('2026-11-24T07:00:00+08:00')).toBe('2026-11-24 07:00')
})

test('tomorrow begins at midnight of the shop', () => {
  const late = Date.parse('2026-11-23T15:59:00Z')
  expect([daysAhead('2026-11-23T15:59:30Z', late), daysAhead('2026-11-23T16:00:00Z', late)]).toEqual([0, 1])
})

test('the time to pay runs down to nothing', () => {
  const now = Date.parse('2026-11-23T04:00:00Z')
  expect(secondsLeft('2026-11-23T04:12:34.500000+00:00', now)).toBe(755)
  expect(secondsLeft('2026-11-23T03:59:00Z', now)).toBe(0)
  expect(countdown(754)).toBe('12:34')
})

test.each([
  [480, '480m'],
  [1240, '1.2km'],
  [23_400, '23km'],
])('%i metres are shown as %s', (metres, shown) => {
  expect(distance(metres)).toBe(shown)
})

test('request ids are uuids, with and without the help of the browser', () => {
  expect(requestId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  vi.stubGlobal('crypto', undefined)
  const made = new Set(Array.from({ length: 500 }, requestId))
  vi.unstubAllGlobals()
  expect(made.size).toBe(500)
  expect([...made][0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('icons need nothing from the network', () => {
  expect(iconAddress('shop', '#0a7a5c')).toMatch(/^data:image\/svg\+xml,%3Csvg/)
})

test('both languages have every text, with the same blanks', () => {
  const blanks = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()
  expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
  for (const [key, text] of Object.entries(zh)) {
    expect([key, blanks((en as Record<string, string>)[key] ?? '')]).toEqual([key, blanks(text)])
    expect(text).not.toMatch(/[@|]/)
  }
})
