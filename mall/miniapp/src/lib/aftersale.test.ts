import { expect, test } from 'vitest'
import type { Case, LeftLine } from '../api/contract-after'
import { fenOf, mayDo, wishOf } from './aftersale'

const line = (line_no: number, left_qty: number, left_fen: number) => ({ line_no, left_qty, left_fen }) as LeftLine
const LINES = [line(1, 3, 2724), line(2, 1, 596)]

test('an amount is typed to the fen, or is none', () => {
  expect(['12.3', '0.05', '7', ' 9.90 '].map(fenOf)).toEqual([1230, 5, 700, 990])
  expect(['', '1.234', '-1', '1e3', '12.', '￥5'].map(fenOf)).toEqual([null, null, null, null, null, null])
})

test('units are sent for goods, amounts for money alone, nothing for a lower price', () => {
  const chosen = { units: { 1: 1, 2: 0 }, amounts: { 1: '', 2: '5.96' } }
  expect(wishOf(9, 'return_refund', 'unwanted', LINES, chosen)).toEqual({
    wish: { order_id: 9, kind: 'return_refund', cause: 'unwanted', lines: [{ line_no: 1, qty: 1 }] },
    fault: null,
  })
  expect(wishOf(9, 'refund_only', 'damaged', LINES, chosen).wish.lines).toEqual([{ line_no: 2, amount_fen: 596 }])
  expect(wishOf(9, 'price_protection', 'price', LINES, chosen).wish.lines).toEqual([])
})

test('more money than is left, no amount, or nothing at all is seen before it is sent', () => {
  const of = (kind: 'refund_only' | 'exchange', amount: string) => wishOf(9, kind, 'other', LINES, { units: {}, amounts: { 1: amount } }).fault
  expect([of('refund_only', '27.25'), of('refund_only', 'abc'), of('refund_only', '0'), of('exchange', '1')]).toEqual(['amount', 'amount', 'nothing', 'nothing'])
})

test('who appealed once does not see the button again', () => {
  const one = { may: ['appeal', 'approve'], steps: [{ event: 'applied' }, { event: 'rejected' }] } as unknown as Case
  expect(mayDo(one)).toEqual(['appeal'])
  expect(mayDo({ ...one, steps: [...(one.steps ?? []), { event: 'appealed' }] } as Case)).toEqual([])
})
