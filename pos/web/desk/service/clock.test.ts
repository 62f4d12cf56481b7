import { expect, test } from 'vitest'
import { clockWords, isLate } from './clock'
import type { DeskTicket } from './contract'

const AT = Date.parse('2026-12-01T04:00:00Z')
const one = (more: Partial<DeskTicket>) =>
  ({ state: 'waiting', due_at: '2026-12-01T05:30:00Z', close_at: null, ...more }) as DeskTicket

test('a ticket that we owe is late from its moment on', () => {
  expect(isLate(one({}), AT)).toBe(false)
  expect(isLate(one({ due_at: '2026-12-01T04:00:00Z' }), AT)).toBe(true)
  expect(isLate(one({ state: 'answered', due_at: null }), AT)).toBe(false)
})

test('its clock is told in minutes, then in hours', () => {
  expect(clockWords(one({}), AT)).toContain('90')
  expect(clockWords(one({ due_at: '2026-12-01T01:00:00Z' }), AT)).toContain('3')
})
