import { expect, test } from 'vitest'
import { wall } from './wall'

test('a moment is shown by the clock of the shop, wherever the screen is', () => {
  expect(wall(Date.parse('2026-12-01T12:05:59Z'))).toBe('2026-12-01T20:05')
  expect(wall(Date.parse('2026-12-31T16:00:00Z'))).toBe('2027-01-01T00:00')
})
