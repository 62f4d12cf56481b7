import { expect, test } from 'vitest'
import { readCode } from './labels'

test.each([
  ['2000001005309', { code: '00001', grams: 530 }],
  ['2000001005308', { wrong: 'bad_check_digit' }],
  ['012345678905', { code: '0012345678905' }],
  ['6901234567892', { code: '6901234567892' }],
  ['20001', { code: '20001' }],
])('%s', (scanned, read) => {
  expect(readCode(scanned)).toEqual(read)
})
