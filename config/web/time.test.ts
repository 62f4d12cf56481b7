import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { clock, day, elapsed, learnServerTime, minutesLeft, serverNow } from './time'

const NOON = Date.parse('2026-11-23T04:00:00Z')

beforeEach(() => {
  vi.useFakeTimers({ now: NOON })
})

afterEach(() => {
  learnServerTime(new Date(NOON).toUTCString())
  vi.useRealTimers()
})

test('moments are shown in the time of the shop, whatever the tablet is set to', () => {
  expect([clock(NOON), day('2026-11-23T16:30:00Z')]).toEqual(['12:00', '2026-11-24'])
})

test('a tablet that is ten minutes slow is put right by the server, a second is not', () => {
  learnServerTime(new Date(NOON + 600_000).toUTCString())
  expect(serverNow()).toBe(NOON + 600_000)
  learnServerTime(new Date(NOON + 1000).toUTCString())
  expect(serverNow()).toBe(NOON)
  learnServerTime('nonsense')
  expect(serverNow()).toBe(NOON)
})

test.each([
  [0, 0],
  [59, 0],
  [60, 1],
  [-1, -1],
  [-60, -1],
  [-61, -2],
])('%i seconds ahead are %i minutes left', (seconds, minutes) => {
  expect(minutesLeft(new Date(NOON + seconds * 1000).toISOString(), NOON)).toBe(minutes)
})

test('a shift is counted in hours and minutes', () => {
  expect(elapsed('2026-11-23T01:55:30Z', NOON)).toBe('2:04')
})
