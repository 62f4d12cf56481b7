import { expect, test } from 'vitest'
import { backOf, backPaper, leftOf, onlyWhole, refundOf, soldOf } from './back'
import type { Place } from './document'
import type { Kept } from './journal'

const line = (net_fen: number, qty: number) => ({ net_fen, qty })
const kept = (said: object) => ({ body: JSON.stringify(said) }) as Kept
const sale = {
  kind: 'sale',
  uuid: 's',
  seq: 1,
  rounding_fen: -3,
  uses: [],
  lines: [line(1000, 3), line(503, 1)],
}

test('parts of a sale come to what was paid, the last with the rounding', () => {
  const documents = [kept(sale)]
  let sum = 0
  for (const wants of [
    [1, 0],
    [1, 1],
    [1, 0],
  ]) {
    const [sold] = soldOf(documents)
    if (!sold) throw new Error('no sale')
    sum += refundOf(sold, wants)
    documents.push(kept(backOf(sold, wants, '', { seq: documents.length + 1 } as Place)))
  }
  const [sold] = soldOf(documents)
  expect([sum, sold && leftOf(sold)]).toEqual([1500, [0, 0]])
})

test('a sale with a promotion comes back as a whole', () => {
  const uses = [{ promotion_id: 1, version: 1, units: 1, off_fen: 5 }]
  const [sold, plain] = soldOf([kept({ ...sale, uses }), kept({ ...sale, uuid: 't', seq: 0 })])
  expect([sold && onlyWhole(sold), plain && onlyWhole(plain)]).toEqual([true, false])
})

test('its paper has what came back, and the rounding that makes the cash of it', () => {
  const [sold] = soldOf([kept(sale)])
  if (!sold) throw new Error('no sale')
  const said = backOf(sold, [3, 1], '', { no: 'X1', at_ms: 0, offset_ms: 0 } as Place)
  const at = { store_name: '店', till_name: null, cashier: null }
  const paper = backPaper(sold, [3, 1], said, at)
  expect(paper.lines.map((one) => one.refund_fen)).toEqual([1000, 503])
  expect([paper.rounding_fen, paper.refund_fen, paper.refunds]).toEqual([
    3,
    1500,
    [{ kind: 'cash', amount_fen: 1500 }],
  ])
})
