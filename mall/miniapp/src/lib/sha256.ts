/** SHA-256 and HMAC-SHA256 (FIPS 180-4, RFC 2104): the weapp has no `crypto.subtle`, and a code must come offline. */

const SIZE = 64

/** The first `count` primes; the constants are the fractions of their roots. */
function primes(count: number): number[] {
  const found: number[] = []
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime)) found.push(n)
  return found
}

const fraction = (of: number) => ((of - Math.floor(of)) * 2 ** 32) | 0
const ROUND = primes(64).map((prime) => fraction(Math.cbrt(prime)))
const START = primes(8).map((prime) => fraction(Math.sqrt(prime)))

const turn = (word: number, by: number) => (word >>> by) | (word << (32 - by))

function padded(message: Uint8Array): DataView {
  const whole = new Uint8Array((((message.length + 8) >> 6) + 1) * SIZE)
  whole.set(message)
  whole[message.length] = 0x80
  const view = new DataView(whole.buffer)
  view.setUint32(whole.length - 4, message.length * 8)
  return view
}

/** The 64 words of one block. */
function schedule(block: DataView, from: number): Int32Array {
  const words = new Int32Array(SIZE)
  for (let at = 0; at < 16; at++) words[at] = block.getInt32(from + at * 4)
  for (let at = 16; at < SIZE; at++) {
    const early = words[at - 15] ?? 0
    const late = words[at - 2] ?? 0
    const s0 = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3)
    const s1 = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10)
    words[at] = (words[at - 16] ?? 0) + s0 + (words[at - 7] ?? 0) + s1
  }
  return words
}

/** One block into the state. */
function mix(state: Int32Array, words: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let at = 0; at < SIZE; at++) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)
    const one = (h + s1 + ((e & f) ^ (~e & g)) + (ROUND[at] ?? 0) + (words[at] ?? 0)) | 0
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    ;[a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g]
  }
  for (const [at, word] of [a, b, c, d, e, f, g, h].entries()) state[at] = (state[at] ?? 0) + word
}

/** The 32 bytes of a message shorter than 512 MiB. */
export function sha256(message: Uint8Array): Uint8Array {
  const view = padded(message)
  const state = Int32Array.from(START)
  for (let from = 0; from < view.byteLength; from += SIZE) mix(state, schedule(view, from))
  const digest = new DataView(new ArrayBuffer(32))
  for (const [at, word] of Array.from(state).entries()) digest.setInt32(at * 4, word)
  return new Uint8Array(digest.buffer)
}

/** HMAC-SHA256 of a message under a key. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(SIZE)
  block.set(key.length > SIZE ? sha256(key) : key)
  const inner = new Uint8Array(SIZE + message.length)
  inner.set(block.map((byte) => byte ^ 0x36))
  inner.set(message, SIZE)
  const outer = new Uint8Array(SIZE + 32)
  outer.set(block.map((byte) => byte ^ 0x5c))
  outer.set(sha256(inner), SIZE)
  return sha256(outer)
}
