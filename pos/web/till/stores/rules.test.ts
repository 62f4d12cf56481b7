import * as engine from '@web/pricing'
import { expect, it } from 'vitest'
import type { Line } from './basket'
import { netsAt } from './rules'

const NOW = Date.UTC(2026, 10, 23, 4)
const ALWAYS = { version: 1, from_ms: 0, until_ms: 10 ** 14 }
const delivered: engine.Delivered = {
  store_id: 1,
  version: 1,
  offsets: [[0, 480]],
  books: [
    {
      until_ms: NOW + 1000,
      book: {
        version: 1,
        mode: 'best',
        member_and_flash: 'best',
        stacking: [],
        rules: [
          { ...ALWAYS, id: 1, kind: 'member_price', name: '95', rate_bp: 9500, members_only: true },
          { ...ALWAYS, id: 3, kind: 'amount_off', name: '满30减5', steps: [[3000, 500]] },
        ],
      },
    },
  ],
  member: null,
}
const known = { engine, delivered }
const line = (sku_id: number, price_fen: number, qty: number, more: Partial<Line> = {}): Line => ({
  ...{ sku_id, name: '', spec: '', unit: '', weighed: false, picture: '', category_id: 1 },
  ...{ price_fen, qty, ...more },
})

it('prices a basket by the rules in force before the server has answered', () => {
  const lines = [line(1, 990, 3), line(2, 650, 1)]
  expect(netsAt(known, lines, null, [], NOW)).toEqual([2560, 560])
  expect(netsAt(known, lines, 'gold', [], NOW)).toEqual([2413, 528])
  expect(netsAt(known, lines, null, [3], NOW)).toEqual([2970, 650])
})

it('takes the price that the quantity reaches', () => {
  const steps: [number, number][] = [[3, 900]]
  expect(netsAt(known, [line(1, 990, 2, { steps })], null, [], NOW)).toEqual([1980])
  expect(netsAt(known, [line(1, 990, 3, { steps })], null, [], NOW)).toEqual([2700])
})

it('leaves to the server what it cannot know', () => {
  const lines = [line(1, 990, 3)]
  expect(netsAt(known, lines, null, [], NOW + 1000)).toBeNull()
  expect(netsAt({ engine, delivered: null }, lines, null, [], NOW)).toBeNull()
  const byHand = line(1, 990, 3, { hand: { off_fen: 10, reason: 'goodwill' } })
  expect(netsAt(known, [byHand], null, [], NOW)).toBeNull()
})
