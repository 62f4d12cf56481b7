import { expect, test } from 'vitest'
import { asItem, Goods, priceAt, type Row } from './goods'

const row = (sku_id: number, codes: string[], prices: Row[9] = [[0, 990, []]]): Row => [
  sku_id, `商品${sku_id}`, '1L', '盒', false, 3, 'sp', 'p', codes, prices,
] // biome-ignore format: one line reads as the feed does

test('a price turns at its minute, and back', () => {
  const milk = row(1, ['690'], [[0, 990, []], [1000, 880, [[6, 800]]], [3000, 990, []]]) // biome-ignore format: turns
  const at = (ms: number) => priceAt(milk, ms)
  expect([at(999)?.price_fen, at(1000), at(2999)?.price_fen, at(3000)?.price_fen]).toEqual([
    990,
    { price_fen: 880, steps: [[6, 800]] },
    880,
    990,
  ])
})

test('goods without a price are not for sale, until their minute', () => {
  const soon = row(2, ['691'], [[0, null, []], [1000, 500, []]]) // biome-ignore format: turns
  expect(asItem(soon, '691', 999)).toBeNull()
  expect(asItem(soon, '691', 1000)).toMatchObject({ price_fen: 500, barcode: '691', qty: 1 })
})

test('a case is so many units of the same goods', () => {
  const goods = new Goods()
  const both = row(1, ['690', '1690*12'])
  goods.put({ no: 0, rows: [both] })
  expect([goods.find('1690')?.[0], goods.find('1690*12')]).toEqual([1, undefined])
  expect([asItem(both, '1690', 0)?.qty, asItem(both, '690', 0)?.qty]).toEqual([12, 1])
  expect(asItem(both, '', 0)).toMatchObject({ barcode: '690', qty: 1 })
})

test('a new chunk takes the place of the old, and of its codes only what is gone', () => {
  const goods = new Goods()
  goods.put({ no: 0, rows: [row(1, ['690', '691']), row(2, ['692'])] })
  goods.put({ no: 1, rows: [row(501, ['693'])] })
  goods.put({ no: 0, rows: [row(1, ['690'])] })
  expect([
    goods.find('690')?.[0],
    goods.find('691'),
    goods.find('692'),
    goods.find('693')?.[0],
  ]).toEqual([1, undefined, undefined, 501])
  expect([goods.size, goods.row(501)?.[0], goods.row(2)]).toEqual([2, 501, undefined])
  goods.put({ no: 0, rows: [] })
  expect([goods.size, goods.find('690')]).toEqual([1, undefined])
})

test('a code that moved to goods of another chunk stays with them', () => {
  const goods = new Goods()
  goods.put({ no: 0, rows: [row(1, ['690'])] })
  goods.put({ no: 1, rows: [row(501, ['690'])] })
  goods.put({ no: 0, rows: [row(1, ['699'])] })
  expect(goods.find('690')?.[0]).toBe(501)
})
