import { describe, expect, it } from 'vitest'
import { found, hoursLeft, NOWHERE, put, taken } from './places'

describe('where the units of a line go', () => {
  it('takes no more than there are, wherever they go', () => {
    const one = put(undefined, 'sellable', 2, 3)
    expect(one).toEqual({ ...NOWHERE, sellable: 2 })
    const two = put(one, 'quarantine', 5, 3)
    expect(two).toEqual({ sellable: 2, quarantine: 1, written_off: 0 })
    expect(put(two, 'written_off', 1, 3)).toEqual(two)
    expect(put(two, 'sellable', -1, 3)).toEqual({ ...NOWHERE, quarantine: 1 })
    expect(taken(two)).toBe(3)
    expect(taken(undefined)).toBe(0)
  })

  it('sends only lines of which something is taken', () => {
    const all = { 1: put(undefined, 'written_off', 1, 1), 2: NOWHERE }
    expect(found(all)).toEqual([{ line_no: 1, sellable: 0, quarantine: 0, written_off: 1 }])
  })

  it('counts whole hours', () => {
    const now = Date.parse('2026-11-30T10:00:00Z')
    expect(hoursLeft('2026-12-01T09:59:00Z', now)).toBe(23)
    expect(hoursLeft('2026-11-30T09:59:00Z', now)).toBe(-1)
  })
})
