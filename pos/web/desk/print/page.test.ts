import { expect, test } from 'vitest'
import { pageRule } from '../stores/printer'

test.each([
  [58, 384, '@page { size: 58mm 107mm; margin: 2mm; }'],
  [80, 0, '@page { size: 80mm 5mm; margin: 2mm; }'],
] as const)(
  'a page is as wide as the roll of %i mm and as long as %i px are',
  (paper, px, rule) => {
    expect(pageRule(paper, px)).toBe(rule)
  },
)
