import { expect, test } from 'vitest'
import { code128 } from './code128'

test('a known label: start B, the signs, the check sign, stop', () => {
  // "P8": 104 + 48 + 2 * 24 = 200, of which 97 stays.
  const words = ['211214', '313121', '311222', '411113', '2331112']
  expect(code128('P8').join('')).toBe(words.join(''))
})

test('every symbol is eleven wide, the stop thirteen', () => {
  const widths = code128('P1234567-12')
  expect(widths.reduce((sum, one) => sum + one, 0)).toBe(11 * (1 + 11 + 1) + 13)
})

test('what has no sign in set B is refused', () => {
  expect(() => code128('尾')).toThrow(RangeError)
})
