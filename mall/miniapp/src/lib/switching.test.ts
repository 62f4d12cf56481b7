import { expect, test, vi } from 'vitest'
import type { Quote } from '../api/contract'

vi.stubGlobal('uni', { getStorageSync: () => '' })
const { changeOf } = await import('./switching')

const line = (sku_id: number, qty = 2) => ({ sku_id, product_id: sku_id, name: '牛奶', spec: '', unit: '盒', weighed: false, picture: '', qty, chosen: true })
const quoted = (sku_id: number, list_fen: number, free: number, off_fen = 0) => ({ sku_id, list_fen, free, qty: 2, allocations: [{ source: 'promotion', source_id: 1, amount_fen: off_fen, points: 0 }] })
const quote = (payable_fen: number, ...lines: object[]) => ({ payable_fen, lines }) as unknown as Quote

test('only lines that another store changes are told, after promotions, with what it has of them', () => {
  const here = quote(900, quoted(1, 400, 9, 50), quoted(2, 300, 9), quoted(3, 250, 0))
  const there = quote(1000, quoted(1, 400, 1), quoted(2, 300, 9), { ...quoted(3, 250, 9), gift: true })
  const change = changeOf([line(1), line(2), line(3)], here, there)
  expect([change.was_fen, change.now_fen]).toEqual([900, 1000])
  expect(change.lines.map((one) => [one.line.sku_id, one.was_fen, one.now_fen, one.was, one.now, one.free])).toEqual([
    [1, 350, 400, null, 'short', 1],
    [3, 250, null, 'sold_out', 'not_sold', 0],
  ])
})

test('a store that sells nothing of the basket has no total', () => {
  expect(changeOf([line(1)], quote(400, quoted(1, 400, 9)), null)).toMatchObject({ now_fen: 0, lines: [{ now: 'not_sold' }] })
})
