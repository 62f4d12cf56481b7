import { beforeEach, expect, test, vi } from 'vitest'

const storage = new Map<string, string>()
vi.stubGlobal('uni', {
  getStorageSync: (key: string) => storage.get(key) ?? '',
  setStorageSync: (key: string, value: string) => storage.set(key, value),
  removeStorageSync: (key: string) => storage.delete(key),
})

const { Refused, Unreachable } = await import('../api/api')
const { Tracker } = await import('./tracker')
type Batch = import('./tracker').EventBatch

const NOON = Date.parse('2026-11-23T04:00:00Z')
let now = NOON
let ahead = 0
let sent: Batch[] = []
let fault: Error | null = null

function tracker() {
  return new Tracker({
    send: async (batch) => {
      sent.push(JSON.parse(JSON.stringify(batch)))
      if (fault) throw fault
    },
    now: () => now,
    ahead: () => ahead,
    store: () => 7,
    version: '1',
  })
}

beforeEach(() => {
  storage.clear()
  now = NOON
  ahead = 0
  sent = []
  fault = null
})

const kinds = () => sent.flatMap((batch) => batch.events.map((one) => one.kind))

test('before an answer nothing is kept or sent, after a no never, after a yes with its moment', async () => {
  const one = tracker()
  one.appShown()
  now += 1000
  await one.flush()
  expect([sent, [...storage.keys()]]).toEqual([[], []])
  ahead = 60_000 // learned from the first answer
  one.answered(true, 'v1')
  await one.flush()
  expect(sent[0]?.events[0]).toMatchObject({ kind: 'app_show', at: '2026-11-23T04:01:00.000Z', store_id: 7 })
  expect(sent[0]).toMatchObject({ consent_version: 'v1', sent_at: '2026-11-23T04:01:01.000Z' })
  one.note('share')
  one.answered(false, 'v1')
  one.note('share')
  await one.flush()
  expect(kinds()).toEqual(['app_show'])
  expect(storage.has('td.mall.track_queue')).toBe(false)
})

test('what was not answered for is sent again by the next start, the same', async () => {
  const first = tracker()
  first.answered(true, 'v1')
  first.note('share')
  fault = new Unreachable('away')
  await first.flush()
  fault = null
  const next = tracker()
  next.answered(true, 'v1')
  await next.flush()
  expect(sent[1]?.events).toEqual(sent[0]?.events)
  expect(sent[1]?.anon_id).toBe(sent[0]?.anon_id)
  await next.flush()
  expect(sent).toHaveLength(2)
})

test('it waits longer after each silence, and asks for fifty at a time', async () => {
  const one = tracker()
  one.answered(true, 'v1')
  fault = new Unreachable('away')
  for (let n = 0; n < 70; n++) one.note('share')
  await one.flush()
  expect(sent).toHaveLength(1)
  now += 5_000
  await one.flush()
  now += 9_999
  await one.flush()
  expect(sent).toHaveLength(2)
  fault = null
  now += 1
  await one.flush()
  expect(sent.map((batch) => batch.events.length)).toEqual([50, 50, 50, 20])
})

test('a clock that is off is set right in every event that waits, ids stay', async () => {
  const one = tracker()
  one.answered(true, 'v1')
  one.note('share')
  fault = new Refused(409, 'clock_differs', '', { now_ms: NOON + 7_200_000 })
  await one.flush()
  fault = null
  now += 5_000
  ahead = 7_200_000
  await one.flush()
  expect(sent[1]?.events[0]).toMatchObject({ id: sent[0]?.events[0]?.id, at: '2026-11-23T06:00:00.000Z' })
})

test('what would be refused for ever goes, and who did not agree is not asked again', async () => {
  const one = tracker()
  one.answered(true, 'v1')
  one.note('share')
  fault = new Refused(422, 'malformed', '', {})
  await one.flush()
  now += 60_000
  one.note('search', { keyword: 'tea' })
  fault = new Refused(409, 'behaviour_not_agreed', '', {})
  await one.flush()
  now += 60_000
  await one.flush()
  expect(kinds()).toEqual(['share', 'search'])
})

test('a look counts in the foreground only, and one that was cut off is told at the next start', async () => {
  const one = tracker()
  one.answered(true, 'v1')
  one.arrived('pages/home/home')
  for (let n = 0; n < 3; n++) {
    now += 15_000
    one.beat()
  }
  now += 3_600_000 // the phone slept: no beat came
  one.beat()
  now += 1_000
  const next = tracker()
  next.answered(true, 'v1')
  await next.flush()
  const leave = sent.flatMap((batch) => batch.events).find((event) => event.kind === 'page_leave')
  expect(leave).toMatchObject({ page: 'pages/home/home', active_ms: 75_000 })
})

test('pages tell where one came from, a product is shown once a visit, and a visit ends after thirty minutes', async () => {
  const one = tracker()
  one.answered(true, 'v1')
  one.arrived('pages/home/home')
  one.shown(9, { slot: 'home.here', position: 1 })
  one.shown(9, { slot: 'home.here', position: 1 })
  one.arrived('pages/cart/cart')
  one.left()
  now += 30 * 60_000 + 1
  one.appShown('1S7Kd2aQ0x')
  one.shown(9, { slot: 'home.here', position: 1 })
  await one.flush()
  const events = sent.flatMap((batch) => batch.events)
  expect(events.map((event) => event.kind)).toEqual([
    'page_view', 'product_impression', 'page_leave', 'page_view', 'page_leave', 'app_show', 'product_impression',
  ])
  expect(events[3]).toMatchObject({ page: 'pages/cart/cart', from_page: 'pages/home/home' })
  expect(new Set(events.map((event) => event.visit_id)).size).toBe(2)
  expect([events[0]?.scene, events[6]?.scene]).toEqual([undefined, '1S7Kd2aQ0x'])
})

test('another person gets a device number and a visit of their own', async () => {
  const one = tracker()
  one.answered(true, 'v1')
  one.note('share')
  await one.flush()
  one.forget()
  one.answered(true, 'v1')
  one.note('share')
  await one.flush()
  expect(sent[1]?.anon_id).not.toBe(sent[0]?.anon_id)
  expect(sent[1]?.events[0]?.visit_id).not.toBe(sent[0]?.events[0]?.visit_id)
})
