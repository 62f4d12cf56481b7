import type { DeskLine, DeskOrder } from '@web/contract'
import { expect, test } from 'vitest'
import { aLine as line } from './makes'
import { byShelf, lineOf, progress, step, tail } from './picking'

const order = (...lines: DeskLine[]) => ({ lines }) as DeskOrder

test('lines are walked by shelf, numbers as numbers, those without a shelf last', () => {
  const lines = [
    line(1),
    line(2, { shelf: 'B-2' }),
    line(3, { shelf: 'A-10' }),
    line(4, { shelf: 'A-9' }),
  ]
  expect(byShelf(lines).map((one) => one.line_no)).toEqual([4, 3, 2, 1])
})

test('a scan finds its line, the unpicked one first', () => {
  const code = '6901234567892'
  const both = order(line(1, { barcode: code, picked_qty: 1 }), line(2, { barcode: code }))
  expect(lineOf(both, code)?.line_no).toBe(2)
  expect(lineOf(order(line(1, { barcode: code, picked_qty: 1 })), code)?.line_no).toBe(1)
  expect(lineOf(both, '6900000000001')).toBeNull()
})

test('a scale label stands for its PLU, and a UPC for its EAN', () => {
  const goods = order(
    line(1, { barcode: '20001', weighed: true, qty: 530 }),
    line(2, { barcode: '0012345678905' }),
  )
  expect(lineOf(goods, '2120001005304')?.line_no).toBe(1)
  expect(lineOf(goods, '012345678905')?.line_no).toBe(2)
})

test('a weighed line is picked in one go, pieces one by one', () => {
  expect([step(line(1, { weighed: true, qty: 530 })), step(line(1, { qty: 4 }))]).toEqual([530, 1])
})

test('progress counts whole lines', () => {
  expect(progress(order(line(1, { picked_qty: 1 }), line(2, { qty: 3, picked_qty: 2 })))).toEqual({
    done: 1,
    all: 2,
  })
})

test('an order is called by the end of the phone, else of its number', () => {
  expect(tail({ customer: '138****2046', no: '001000000012' })).toBe('2046')
  expect(tail({ customer: '王**', no: '001000000012' })).toBe('0012')
})
