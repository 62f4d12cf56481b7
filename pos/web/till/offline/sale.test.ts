import * as engine from '@web/pricing'
import { expect, test } from 'vitest'
import type { Line } from '../stores/basket'
import { numberOf, type Place } from './document'
import { asAlone, type Known, quoteOf, saleOf } from './sale'

const line = (sku_id: number, price_fen: number, qty: number, weighed = false): Line => ({
  sku_id, name: `商品${sku_id}`, spec: '', unit: '盒', weighed, price_fen, qty, picture: 'p', category_id: 1,
}) // biome-ignore format: one line of goods

const book = engine.bookFromJson({
  version: 3,
  mode: 'best',
  member_and_flash: 'best',
  stacking: [],
  rules: [
    { id: 5, version: 2, kind: 'amount_off', name: '满20减3', from_ms: 0, until_ms: 9e12, steps: [[2000, 300]] },
    { id: 6, version: 1, kind: 'gift', name: '满10送', from_ms: 0, until_ms: 9e12, steps: [[1000, 0]], gifts: [[9, 2]] },
  ],
} as never) // biome-ignore format: a rule a line

function alone(lines: Line[], rules = book.rules) {
  const goods = lines.map((one, at) => ({
    ...one,
    line_no: at + 1,
    steps: [[1, one.price_fen]] as const,
  }))
  const here = {
    store_id: 1,
    channel: 'till',
    now_ms: 1,
    weekday: 1,
    month_day: 1,
    minute: 1,
    tier: null,
    segment_ids: [],
  }
  const priced = engine.price(goods as never, { ...book, rules }, here)
  if (!priced) throw new Error('not priced')
  return asAlone(lines, priced, book, 'half_up', (sku_id) => line(sku_id, 150, 1))
}

const place = { uuid: 'u', device: 'abcdef12', seq: 12, prev: '0', at_ms: 1, offset_ms: 0 } as Place
const known: Known = { catalogue: 1, rules: 1, member_id: null, tier: null, join: null }

test('every fen of a document adds up, gifts and rounding among it', () => {
  const found = alone([line(1, 1198, 530, true), line(2, 990, 2)])
  const said = saleOf(found, known, place, 5000)
  expect(said.lines.map((one) => [one.sku_id, one.list_fen, one.net_fen, one.gift])).toEqual([
    [1, 635, 562, false],
    [2, 1980, 1753, false],
    [9, 300, 0, true],
  ])
  for (const one of said.lines)
    expect(one.list_fen - one.shares.reduce((sum, share) => sum + share.amount_fen, 0)).toBe(
      one.net_fen,
    )
  expect([said.payable_fen, said.rounding_fen, said.change_fen]).toEqual([2315, 5, 2680])
  expect(said.uses).toEqual([
    { promotion_id: 5, version: 2, units: 1, off_fen: 300 },
    { promotion_id: 6, version: 1, units: 1, off_fen: 300 },
  ])
  expect(numberOf(place.device, place.seq)).toBe('XABCDEF000012')
})

test('the quote of the screen says the same', () => {
  const found = alone([line(2, 990, 2)])
  const quote = quoteOf(found, new Map([[2, 'milk']]))
  expect([quote.alone, quote.payable_fen, quote.list_fen, quote.promotion_fen]).toEqual([
    true,
    1980,
    2280,
    300,
  ])
  expect(quote.lines[0]?.picture).toBe('milk')
})

test('a label with a price costs its fen, less where promotions make it cheaper', () => {
  const label = (fen: number): Line => ({
    ...line(1, 1198, 530, true),
    key: -fen,
    tag: { code: String(fen), measured: true, fen, lot: '', serial: '', expires_on: null },
  })
  const found = alone([label(634), label(600), label(9999)], [])
  expect(found.lines.map((one) => [one.list_fen, one.net_fen])).toEqual([
    [635, 634],
    [635, 600],
    [635, 635],
  ])
  expect(found.lines[1]?.shares).toEqual([
    { source: 'manual', source_id: 0, version: 0, amount_fen: 35 },
  ])
  const quote = quoteOf(found, new Map())
  expect([quote.payable_fen, quote.promotion_fen, quote.discount_fen]).toEqual([1869, 0, 36])
})

test('what the printed code pays is not rounded, nor is there change', () => {
  const found = alone([line(1, 1198, 530, true)], [])
  const code = saleOf(found, known, place, 0, 'static_qr')
  expect([code.tender, code.payable_fen, code.rounding_fen]).toEqual(['static_qr', 635, 0])
  expect([code.received_fen, code.change_fen]).toEqual([0, 0])
  expect('tender' in saleOf(found, known, place, 700)).toBe(false)
})
