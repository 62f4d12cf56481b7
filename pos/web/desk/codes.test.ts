import { checkDigit } from '@web/labels/check-digit'
import { expect, test } from 'vitest'
import { aimOf, bagCode, codesOf, concerns, readLabelsBy } from './codes'
import { aLine, anOrder } from './makes'

const MILK = '6901234567892'
const orders = [
  anOrder(7, { lines: [aLine(1, { barcode: MILK, shelf: 'B-2' })] }),
  anOrder(8, { state: 'ready', place: 'R-05', lines: [aLine(1, { barcode: '20000011' })] }),
]

test.each([
  [bagCode(8, 2), { kind: 'order', id: 8 }],
  ['p8', { kind: 'order', id: 8 }],
  ['001000000007', { kind: 'order', id: 7 }],
  ['000007', { kind: 'order', id: 7 }],
  ['r-05', { kind: 'shelf', place: 'R-05' }],
  ['B-2', { kind: 'shelf', place: 'B-2' }],
  [MILK, { kind: 'goods', code: MILK }],
  ['20000011', { kind: 'goods', code: '20000011' }],
  ['1234 5678', { kind: 'pickup', code: '12345678' }],
  ['１２３４５６７８', { kind: 'pickup', code: '12345678' }],
  ['TP.1.8.99.abc', { kind: 'pickup', code: 'TP.1.8.99.abc' }],
  ['002000000123', { kind: 'paper', no: '002000000123' }],
  ['P999-1', { kind: 'unknown', code: 'P999-1' }],
  ['hello', { kind: 'unknown', code: 'hello' }],
])('%s leads to its view', (code, aim) => {
  expect(aimOf(code, orders)).toEqual(aim)
})

test('a shelf or goods narrow the queue to their orders', () => {
  expect(orders.filter((order) => concerns(order, 'r-05')).map((order) => order.id)).toEqual([8])
  expect(orders.filter((order) => concerns(order, MILK)).map((order) => order.id)).toEqual([7])
  expect(orders.filter((order) => concerns(order, 'Z'))).toEqual([])
})

test('labels read as those of the store do, of scales and of GS1', () => {
  const price = '220123412345' // 22, item 01234, 123.45 yuan
  const label = `${price}${checkDigit(price)}`
  expect(codesOf(label)).toContain('01234')
  readLabelsBy(['22XPPPPFFFFFC'])
  expect(codesOf(label)).toContain('1234')
  expect(codesOf(`${price}${checkDigit(price) === '0' ? 1 : 0}`)).toHaveLength(2)
  expect(codesOf(`]C10106901234567892`)).toContain(MILK)
})
