import 'fake-indexeddb/auto'
import { Refused, Unreachable } from '@web/api'
import { expect, test, vi } from 'vitest'
import type { Link } from './document'
import { Journal } from './journal'
import { Delivery, type Result } from './sync'

const document = (seq: number, prev: string, uuid = `u${seq}`) =>
  ({ seq, prev, uuid, no: `X${seq}`, at_ms: 1, payable_fen: 990, rounding_fen: 0 }) as Link

let names = 0
const open = () => new Journal(`journal-${names++}`)

test('documents follow each other in a chain, however many are written at once', async () => {
  const journal = open()
  const written = await Promise.all(Array.from({ length: 20 }, () => journal.append(document)))
  expect(written.map((one) => one.seq)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
  const bodies = written.map((one) => JSON.parse(one.body) as Link)
  expect(bodies[0]?.prev).toBe('0'.repeat(64))
  for (let at = 1; at < 20; at += 1) expect(bodies[at]?.prev).toBe(written[at - 1]?.hash)
})

test('a document that could not be written leaves no gap', async () => {
  const journal = open()
  await journal.append(document)
  await expect(journal.append((seq, prev) => document(seq, prev, 'u1'))).rejects.toThrow()
  expect((await journal.append((seq, prev) => document(seq, prev, 'u9'))).seq).toBe(2)
})

test('what waits is delivered in order, through lost answers, until every answer is here', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const journal = open()
  for (let n = 0; n < 45; n += 1) await journal.append(document)
  const server = new Map<string, number>()
  let calls = 0
  const send = async (documents: { uuid: string; body: string }[]): Promise<Result[]> => {
    calls += 1
    for (const one of documents) if (!server.has(one.uuid)) server.set(one.uuid, server.size + 1)
    if (calls % 3 === 1) throw new Unreachable('lost')
    if (calls === 5) throw new Refused(401, 'not_signed_in', '', {})
    return documents.map(({ uuid }) => ({ uuid, state: 'taken', reason: '', order_no: uuid }))
  }
  const delivery = new Delivery(journal, { send, end: async () => undefined }, () => undefined)
  delivery.now()
  await vi.waitFor(async () => {
    await vi.advanceTimersByTimeAsync(300_000)
    expect((await journal.count()).waiting).toBe(0)
  })
  delivery.stop()
  vi.useRealTimers()
  expect([...server.keys()]).toEqual(Array.from({ length: 45 }, (_, at) => `u${at + 1}`))
})

test('what the server will not book stays, with the reason', async () => {
  const journal = open()
  const { uuid } = await journal.append(document)
  await journal.settle(uuid, 'excepted', 'unknown_sku', null)
  const { waiting, rejected } = await journal.count()
  expect([waiting, rejected.map((one) => one.reason)]).toEqual([0, ['unknown_sku']])
})

test('where the browser lost documents the chain goes on after them, so that the server sees the gap', async () => {
  const journal = open()
  for (let n = 0; n < 3; n += 1) await journal.append(document)
  const lost = await journal.byUuid('u3')
  for (const uuid of ['u2', 'u3']) await journal.settle(uuid, 'taken', '', null)
  await journal.forget(2)
  const next = await journal.append((seq, prev) => document(seq, prev, 'u9'))
  expect([next.seq, (JSON.parse(next.body) as Link).prev]).toEqual([4, lost?.hash])
})

test('the server hears where the chain ends, and what was not booked is offered again until it is seen to', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const journal = open()
  for (let n = 0; n < 2; n += 1) await journal.append(document)
  const ends: number[] = []
  let state: Result['state'] = 'excepted'
  const send = async (documents: { uuid: string }[]): Promise<Result[]> =>
    documents.map(({ uuid }) => ({ uuid, state, reason: 'unknown_sku', order_no: null }))
  const end = async (seq: number) => void ends.push(seq)
  const delivery = new Delivery(journal, { send, end }, () => undefined)
  delivery.now()
  await vi.waitFor(async () => expect((await journal.count()).rejected.length).toBe(2))
  state = 'settled'
  await vi.waitFor(async () => {
    await vi.advanceTimersByTimeAsync(60_000)
    expect((await journal.count()).rejected).toEqual([])
  })
  expect(ends).toEqual([])
  delivery.back()
  await vi.waitFor(() => expect(ends).toEqual([2]))
  delivery.stop()
  vi.useRealTimers()
})
