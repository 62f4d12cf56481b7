import { expect, test } from 'vitest'
import { checkDigit, fromBase64Url, memberCode, stepAt, stepLeft } from './member-code'
import vectors from './member-code.vectors.json'
import { barPicture, code128, qrPicture } from './scannable'
import { hmacSha256, sha256 } from './sha256'

const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
const hex = (of: Uint8Array) => Array.from(of, (byte) => byte.toString(16).padStart(2, '0')).join('')

test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('SHA-256 of "%s" is the one of FIPS 180-4', (message, digest) => {
  expect(hex(sha256(bytes(message)))).toBe(digest)
})

test.each([
  ['Jefe', 'what do ya want for nothing?', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  [
    '\xaa'.repeat(131),
    'Test Using Larger Than Block-Size Key - Hash Key First',
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
])('HMAC-SHA256 is the one of RFC 4231 (key %#)', (key, message, mac) => {
  expect(hex(hmacSha256(bytes(key), bytes(message)))).toBe(mac)
})

test.each(vectors)('step $step of $ref is the code that the server expects', ({ ref, secret, step, code }) => {
  expect(memberCode({ ref, secret }, step)).toBe(code)
})

test('a secret travels as base64url', () => {
  expect(hex(fromBase64Url('-_8A'))).toBe('fbff00')
})

test('the check digit is the one of EAN-13', () => {
  expect(checkDigit('690123456789')).toBe('2')
})

test('the code changes every thirty seconds', () => {
  expect([stepAt(59_999), stepAt(60_000), stepLeft(59_999), stepLeft(60_000)]).toEqual([1, 2, 1, 30])
})

test('twenty digits are ten symbols of code set C, start, check and stop', () => {
  const widths = code128('98000000000000000000')
  expect(widths.reduce((sum, width) => sum + width, 0)).toBe(12 * 11 + 13)
  // 105 + 1 * 98 is 203, 100 over 103: symbol 100 before the stop.
  expect(widths.slice(-13).join('')).toBe('1141312331112')
  expect(widths.slice(0, 12).join('')).toBe('211232411311')
})

test('both pictures are black on nothing and fetch nothing', () => {
  const bars = decodeURIComponent(barPicture('98000000000000000000'))
  expect(bars).toContain('viewBox="0 0 165 1"')
  expect(decodeURIComponent(qrPicture('98000000000000000000'))).toContain('viewBox="0 0 21 21"')
})
