import { expect, test } from 'vitest'
import { waitFor } from './stores/orders'
import { timeLeft } from './time-left'

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
