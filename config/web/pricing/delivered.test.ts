import { expect, it } from 'vitest'
import { bookAt, type Delivered, hereAt } from './index'

const MIDNIGHT = Date.UTC(2026, 10, 23, 16)
const book = { mode: 'best', member_and_flash: 'best', stacking: [], rules: [] } as const
const sent: Delivered = {
  store_id: 1,
  version: 4,
  offsets: [
    [0, 480],
    [MIDNIGHT + 60_000, 540],
  ],
  books: [
    { until_ms: MIDNIGHT, book: { ...book, version: 4 } },
    { until_ms: MIDNIGHT + 1000, book: { ...book, version: 5 } },
  ],
  member: null,
}

it('turns to the next book at its moment, and says when it knows no more', () => {
  const moments = [MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 999, MIDNIGHT + 1000]
  expect(moments.map((now_ms) => bookAt(sent, now_ms)?.version ?? null)).toEqual([4, 5, 5, null])
})

it("reads the store's clock, also after it was put forward", () => {
  const who = { tier: null, segment_ids: [] }
  const read = (now_ms: number) => {
    const { weekday, month_day, minute } = hereAt(sent, 'till', now_ms, who)
    return [weekday, month_day, minute]
  }
  expect(read(MIDNIGHT - 1)).toEqual([1, 23, 1439])
  expect(read(MIDNIGHT)).toEqual([2, 24, 0])
  expect(read(MIDNIGHT + 60_000)).toEqual([2, 24, 61])
})
