import { expect, test } from 'vitest'
import { waitFor } from './stores/orders'
import { alarm, clockOf, countdown, dueAt, timeLeft, urgency } from './time-left'

const NOW = Date.parse('2026-11-23T04:00:00Z')
const due = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString()

test.each([
  ['new', 75, { urgency: 'calm', minutes: 75 }],
  ['new', 10, { urgency: 'calm', minutes: 10 }],
  ['new', 9.99, { urgency: 'soon', minutes: 9 }],
  ['picking', 0, { urgency: 'soon', minutes: 0 }],
  ['picking', -0.1, { urgency: 'late', minutes: 1 }],
  ['new', -61, { urgency: 'late', minutes: 61 }],
  ['new', 99.5, { urgency: 'calm', minutes: 99 }],
  ['new', 100, { urgency: 'calm', minutes: null }],
  ['ready', 30, { urgency: 'waiting', minutes: null }],
  ['ready', -30, { urgency: 'waiting', minutes: null }],
] as const)('a %s order promised in %d minutes', (stage, minutes, expected) => {
  expect(timeLeft({ stage, promise_at: due(minutes) }, NOW)).toEqual(expected)
})

test('while the server is away it is asked more and more slowly, but at least every ten seconds', () => {
  expect([0, 1, 2, 3, 9].map(waitFor)).toEqual([1500, 3000, 6000, 10_000, 10_000])
})

const asked = (from: number, to: number) => ({
  stage: 'new' as const,
  assigned_at: due(from),
  accept_by: due(to),
  promise_at: due(60),
})

test.each([
  [-7, 8, 0],
  [-7.5, 7.5, 1],
  [-12, 3, 2],
  [-20, -5, 2],
])('a clock that began %d minutes from now and ends at %d', (from, to, level) => {
  expect(alarm(asked(from, to), NOW)).toBe(level)
})

test('where the server says when to be loud, its hours count: the clock stands still while the store is shut', () => {
  const order = { ...asked(-600, 5), nudge_at: due(2), loud_at: due(4) }
  expect([0, 2, 4].map((minute) => alarm(order, NOW + minute * 60_000))).toEqual([0, 1, 2])
})

test('while it is new the clock of accepting counts, later the promise', () => {
  expect(clockOf(asked(-5, 10), NOW)).toEqual({
    kind: 'accept',
    at: due(10),
    left_ms: 600_000,
    share: 10 / 15,
  })
  const accepted = { stage: 'picking', promise_at: due(30), accepted_at: due(-30) }
  expect(clockOf(accepted, NOW)).toMatchObject({ kind: 'promise', share: 0.5 })
  expect(clockOf({ stage: 'picking', promise_at: null }, NOW)).toBeNull()
  expect(dueAt(asked(-5, 10))).toBe(Date.parse(due(10)))
})

test('a new order past its clock is late although its promise is far', () => {
  expect(urgency(asked(-20, -1), NOW)).toBe('late')
  expect(urgency(asked(-9, 6), NOW)).toBe('soon')
  expect(urgency(asked(-1, 14), NOW)).toBe('calm')
})

test('what is left is told in minutes and seconds', () => {
  expect([0, 65_000, -65_000, 3_725_000].map(countdown)).toEqual([
    '0:00',
    '1:05',
    '1:05',
    '1:02:05',
  ])
})
