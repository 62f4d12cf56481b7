import { expect, test } from 'vitest'
import { masked } from './shown'

test('a phone is masked, also one that came whole', () => {
  expect(masked('13812342046')).toBe('138****2046')
  expect(masked('+8613812342046')).toBe('+86138****2046')
  expect(masked('138****2046')).toBe('138****2046')
})
