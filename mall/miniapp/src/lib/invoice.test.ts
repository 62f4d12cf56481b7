import { expect, test } from 'vitest'
import { isMail, isTaxNo } from './invoice'

test('a tax number is proved by its last sign', () => {
  expect(isTaxNo('91350100M000100Y43')).toBe(true)
  expect(isTaxNo('9135 0100 m000100y43')).toBe(true)
  for (const wrong of ['', '91350100M000100Y44', '91350100M000100Y4', '91350100I000100Y43']) expect(isTaxNo(wrong)).toBe(false)
})

test('an address has one @ and a domain', () => {
  expect(isMail(' a@example.com ')).toBe(true)
  for (const wrong of ['', 'a', 'a@b', 'a b@example.com', 'a@@example.com']) expect(isMail(wrong)).toBe(false)
})
