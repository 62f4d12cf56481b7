import { expect, it } from 'vitest'
import { bookAt, type Delivered, hereAt, price } from '../../../../config/web/pricing'

// The engine under this package's older compiler and library: what a phone runs.
it('prices a basket by the rules that the server sent', () => {
  const always = { version: 1, from_ms: 0, until_ms: 10 ** 14 }
  const sent: Delivered = {
    store_id: 1,
    version: 3,
    offsets: [[0, 480]],
    books: [
      {
        until_ms: 10 ** 14,
        book: {
          version: 3,
          mode: 'best',
          member_and_flash: 'best',
          stacking: [],
          rules: [
            { ...always, id: 1, kind: 'flash', name: '限时抢购', prices: { 7: 800 }, hours: [[600, 660]] },
            { ...always, id: 2, kind: 'amount_off', name: '满30减5', steps: [[3000, 500]] },
          ],
        },
      },
    ],
    member: null,
  }
  const goods = [{ line_no: 1, sku_id: 7, category_id: 1, qty: 3, weighed: false, steps: [[1, 1000]] as const }]
  const payable = (minute: number) => {
    const now_ms = (minute - 480) * 60_000 + 86_400_000
    const book = bookAt(sent, now_ms)
    return book && price(goods, book, hereAt(sent, 'mall', now_ms, { tier: null, segment_ids: [] }))?.payable_fen
  }
  // Within the hour three for 24.00, else 30.00 less 5.00.
  expect([payable(599), payable(600), payable(660)]).toEqual([2500, 2400, 2500])
  expect(price(goods)?.payable_fen).toBe(3000)
})
