/** The dynamic member code, made on this device: see `member/codes.py` for its form, whose vectors test this. */

import { hmacSha256 } from './sha256'

/** What the server gave this phone, once. */
export interface CardSecret {
  ref: string
  secret: string
}

export const STEP_S = 30
const PREFIX = '98'
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** base64url without padding; `atob` is missing in the weapp. */
export function fromBase64Url(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 6) / 8))
  let bits = 0
  let held = 0
  let at = 0
  for (const letter of text) {
    held = ((held << 6) | LETTERS.indexOf(letter)) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = (held >> bits) & 0xff
  }
  return bytes
}

/** GS1 modulo 10 over digits of any number: weights 3, 1, 3 ... from the right. */
export function checkDigit(digits: string): string {
  let sum = 0
  for (let at = 0; at < digits.length; at++) sum += Number(digits[digits.length - 1 - at]) * (at % 2 ? 1 : 3)
  return String((10 - (sum % 10)) % 10)
}

export function stepAt(now_ms: number): number {
  return Math.floor(now_ms / 1000 / STEP_S)
}

/** Seconds until the code changes, 1 to `STEP_S`. */
export function stepLeft(now_ms: number): number {
  return STEP_S - (Math.floor(now_ms / 1000) % STEP_S)
}

function proof(secret: Uint8Array, step: number): string {
  const message = new DataView(new ArrayBuffer(8))
  message.setUint32(0, Math.floor(step / 2 ** 32))
  message.setUint32(4, step % 2 ** 32)
  const mac = new DataView(hmacSha256(secret, new Uint8Array(message.buffer)).buffer)
  const from = mac.getUint8(31) & 15
  return String((mac.getUint32(from) & 0x7fffffff) % 100_000_000).padStart(8, '0')
}

/** The twenty digits of one step. */
export function memberCode(card: CardSecret, step: number): string {
  const plain = PREFIX + card.ref + proof(fromBase64Url(card.secret), step)
  return plain + checkDigit(plain)
}
