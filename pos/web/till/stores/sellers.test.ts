import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import { ticketOf } from '../offline/sale'
import { useBasket } from './basket'
import type { Line } from './line'
import { useSellers } from './sellers'

const MILK: Line = {
  sku_id: 1,
  name: '纯牛奶',
  spec: '250ml',
  unit: '盒',
  weighed: false,
  price_fen: 990,
  qty: 1,
  picture: '',
}

beforeEach(() => {
  localStorage.clear()
  setActivePinia(createPinia())
  const people = [11, 12, 13, 14].map((id) => ({ id, name: `导购${id}`, role: 'cashier' as const }))
  Object.assign(useSellers(), { people })
})

const parts = () => useSellers().picked.map(({ staff_id, bp }) => [staff_id, bp])

test('one has all of it, two and three share it, and what is left over is the first one’s', () => {
  const sellers = useSellers()
  const steps: [string, number[][]][] = [
    ['1', [[11, 10_000]]],
    ['2', [[11, 5_000], [12, 5_000]]],
    ['3', [[11, 3_400], [12, 3_300], [13, 3_300]]],
    ['4', [[11, 3_400], [12, 3_300], [13, 3_300]]],
    ['2=50', [[11, 2_500], [12, 5_000], [13, 2_500]]],
    ['3', [[11, 5_000], [12, 5_000]]],
    ['2=100', [[11, 5_000], [12, 5_000]]],
    ['2=99', [[11, 100], [12, 9_900]]],
    ['9', [[11, 100], [12, 9_900]]],
    ['2', [[11, 10_000]]],
    ['1=50', [[11, 10_000]]],
  ] // biome-ignore format: a row a step
  for (const [typed, expected] of steps) {
    expect(sellers.enter(typed)).toBe(false)
    expect(parts(), typed).toEqual(expected)
  }
})

test('Enter gives the whole basket or one line its sellers, and they go with the sale', () => {
  const basket = useBasket()
  basket.lines = [{ ...MILK }, { ...MILK, sku_id: 2 }]
  const sellers = useSellers()
  sellers.enter('1')
  expect(sellers.enter('')).toBe(true)
  sellers.ofLine = true
  sellers.show()
  sellers.enter('1')
  sellers.enter('2')
  sellers.apply()
  const sold = basket.asSold.lines.map((line) => line.sellers)
  expect(sold).toEqual([[{ staff_id: 11, bp: 10_000 }], [{ staff_id: 12, bp: 10_000 }]])
  expect(basket.asked.lines.some((line) => 'sellers' in line)).toBe(false)
})

test('a document says what was noted, and nothing where nothing was', () => {
  const none = { note: '', print_notes: false, subtotal: true }
  expect(ticketOf([MILK], none, null)).toBeUndefined()
  const noted = { ...MILK, note: '刻字' }
  expect(ticketOf([MILK, noted], { ...none, note: '九点' }, { id: 'h', version: 0 })).toEqual({
    held_id: 'h',
    note: '九点',
    print_notes: false,
    lines: [{ line_no: 2, note: '刻字' }],
  })
})
