import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { anOrder } from '../makes'
import { useOrders } from './orders'
import { type Pick, useOutbox, withPick } from './outbox'

const pick = (id: string, line_no: number, picked_qty: number): Pick => ({
  id,
  parcel: 1,
  line_no,
  picked_qty,
  at: 0,
  tail: '2046',
})

const sent: { path: string; body: Record<string, unknown> }[] = []
let answer: () => Promise<Response>

const json = (status: number, body: object) =>
  Promise.resolve(new Response(JSON.stringify(body), { status }))

beforeEach(() => {
  localStorage.clear()
  setActivePinia(createPinia())
  sent.length = 0
  answer = () => json(200, { parcel: anOrder(1) })
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    sent.push({ path, body: JSON.parse(String(init.body)) })
    return answer()
  })
})
afterEach(() => vi.unstubAllGlobals())

const settled = () => new Promise((done) => setTimeout(done, 5))

test('a later figure takes the place of an earlier one of its line, but not of one on its way', () => {
  const waiting = [pick('a', 1, 1), pick('b', 2, 1)]
  expect(withPick(waiting, pick('c', 1, 2), null).map((one) => one.id)).toEqual(['b', 'c'])
  expect(withPick(waiting, pick('c', 1, 2), 'a').map((one) => one.id)).toEqual(['a', 'b', 'c'])
})

test('without a network picks wait, survive a reload, and go out once under their own id', async () => {
  answer = () => Promise.reject(new TypeError('no network'))
  useOutbox().put(1, 1, 1)
  await settled()
  useOutbox().put(1, 1, 2)
  useOutbox().put(1, 2, 5)
  await settled()
  expect(useOutbox().waiting.map((one) => one.picked_qty)).toEqual([2, 5])

  setActivePinia(createPinia())
  answer = () => json(200, { parcel: anOrder(1) })
  sent.length = 0
  const ids = useOutbox().waiting.map((one) => one.id)
  await useOutbox().flush()
  expect(sent.map(({ body }) => [body.line_no, body.picked_qty])).toEqual([
    [1, 2],
    [2, 5],
  ])
  expect(sent.map(({ body }) => body.request_id)).toEqual(ids)
  expect(useOutbox().waiting).toEqual([])
})

test('what the server does not take is shown until somebody has seen it, and the rest goes on', async () => {
  answer = () => json(409, { code: 'wrong_state', message: '已取消', facts: {} })
  useOutbox().put(1, 1, 1)
  await settled()
  expect(useOutbox().waiting).toEqual([])
  expect(useOutbox().conflicts).toMatchObject([{ parcel: 1, line_no: 1, said: '已取消' }])
  setActivePinia(createPinia())
  expect(useOutbox().conflicts).toHaveLength(1)
  useOutbox().seen()
  expect(useOutbox().conflicts).toEqual([])
})

test('a list of the server does not undo what waits to be sent', async () => {
  answer = () => Promise.reject(new TypeError('no network'))
  const orders = useOrders()
  orders.take([anOrder(1)])
  orders.set(1, 1, 1)
  await settled()
  orders.take([anOrder(1)])
  expect(orders.orders[0]?.lines[0]?.picked_qty).toBe(1)
})
