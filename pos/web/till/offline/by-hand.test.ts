import { expect, test } from 'vitest'
import type { Line } from '../stores/line'
import { aboveOf, type HandLimits, TooMuch, takenOff } from './by-hand'
import type { Alone, DocumentLine } from './sale'

const LIMITS: HandLimits = {
  limits: [{ role: 'cashier', category_id: 2, limit_bp: 2000 }],
  floors: [{ sku_id: 2, floor_fen: 600 }],
  otherwise: [
    { role: 'cashier', limit_bp: 500 },
    { role: 'store_manager', limit_bp: 3000 },
  ],
}

const goods = (more: Partial<Line>[]): Line[] =>
  more.map((one, at) => ({
    ...{ sku_id: at + 1, name: '', spec: '', unit: '', weighed: false, picture: '' },
    ...{ category_id: at + 1, price_fen: 0, qty: 1, ...one },
  }))

function priced(lines: Line[]): Alone {
  const asLine = (line: Line): DocumentLine => {
    const { sku_id, name, spec, unit, weighed, qty, price_fen } = line
    const list_fen = price_fen * qty
    const known = { sku_id, name, spec, unit, weighed, qty, gift: false, shares: [] }
    return { ...known, unit_price_fen: price_fen, list_fen, net_fen: list_fen }
  }
  const payable_fen = lines.reduce((sum, line) => sum + line.price_fen * line.qty, 0)
  return { lines: lines.map(asLine), uses: [], payable_fen, rounding: 'none', by_hand: [] }
}

test('takes off as the worked table of the server has it', () => {
  const hand = { reason: 'damaged' as const, unit_price_fen: 800 }
  const lines = goods([
    { price_fen: 990, qty: 2, hand },
    { price_fen: 650, qty: 1 },
  ])
  const found = takenOff(priced(lines), lines, 225)
  expect(found.lines.map((line) => line.net_fen)).toEqual([1440, 585])
  expect(found.lines.map((line) => line.shares[0]?.amount_fen)).toEqual([540, 65])
  expect(found.payable_fen).toBe(2025)
  expect(found.by_hand).toEqual([
    { line_no: 1, reason: 'damaged', before_fen: 1980, off_fen: 380 },
    { line_no: null, reason: null, before_fen: 2250, off_fen: 225 },
  ])
})

test('more than the goods cost is refused with the most that may be taken off', () => {
  const lines = goods([{ price_fen: 990 }])
  expect(() => takenOff(priced(lines), lines, 991)).toThrow(TooMuch)
})

test('limits are by role and category, and a lowest price counts before them', () => {
  const off = (off_fen: number) => ({ hand: { reason: 'goodwill' as const, off_fen } })
  const above = (more: Partial<Line>[], fen: number, role = 'cashier', floors = true) => {
    const lines = goods(more)
    return aboveOf(takenOff(priced(lines), lines, fen), lines, LIMITS, role, floors)
  }
  expect(above([{ price_fen: 1000 }], 0)).toBeNull()
  expect(above([{ price_fen: 1000, ...off(50) }], 0)).toBeNull()
  const over = { action: 'discount', line_no: 1, max_fen: 50 }
  expect(above([{ price_fen: 1000, ...off(51) }], 0)).toEqual(over)
  expect(above([{ price_fen: 1000 }], 51)).toEqual({ action: 'discount', max_fen: 50 })
  expect(above([{ price_fen: 1000 }, { price_fen: 1000 }], 250)).toBeNull()
  const low = { action: 'price_floor', line_no: 2, max_fen: 50 }
  expect(above([{ price_fen: 1000 }, { price_fen: 650, ...off(51) }], 0)).toEqual(low)
  expect(above([{ price_fen: 1000, ...off(300) }], 0, 'store_manager', false)).toBeNull()
  expect(above([{ price_fen: 1000 }], 1, 'store_staff')).toEqual({ action: 'discount', max_fen: 0 })
})
