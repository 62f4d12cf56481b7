/** Text as a Chinese printer reads it. Browsers decode GB18030 and do not encode it, so the table is their decoder's. */

const ROW = 190
const ROWS = 126
const FOUR = 39_420

let two: Map<number, number> | null = null
let four: Map<number, number> | null = null

const decoder = () => new TextDecoder('gb18030')

/** Every two-byte character by its code unit: 23,940 of them, made once. */
function twoBytes(): Map<number, number> {
  const bytes = new Uint8Array(2)
  const made = new Map<number, number>()
  const reads = decoder()
  for (let row = 0; row < ROWS; row += 1) {
    bytes[0] = row + 0x81
    for (let at = 0; at < ROW; at += 1) {
      bytes[1] = at + (at < 0x3f ? 0x40 : 0x41)
      const unit = reads.decode(bytes).charCodeAt(0)
      if (!made.has(unit)) made.set(unit, (bytes[0] << 8) | bytes[1])
    }
  }
  return made
}

/** The rest of the first plane takes four bytes: made when such a mark comes for the first time. */
function fourBytes(): Map<number, number> {
  const bytes = new Uint8Array(FOUR * 4)
  for (let at = 0; at < FOUR; at += 1) bytes.set(asFour(at), at * 4)
  const units = decoder().decode(bytes)
  const made = new Map<number, number>()
  for (let at = 0; at < FOUR; at += 1) made.set(units.charCodeAt(at), at)
  return made
}

const asFour = (at: number): number[] => [
  0x81 + Math.floor(at / 12_600),
  0x30 + (Math.floor(at / 1260) % 10),
  0x81 + (Math.floor(at / 10) % 126),
  0x30 + (at % 10),
]

function bytesOf(mark: string): number[] {
  const code = mark.codePointAt(0) ?? 0x3f
  if (code < 0x80) return [code]
  if (code > 0xffff) return asFour(189_000 + code - 0x10000)
  two ??= twoBytes()
  const pair = two.get(code)
  if (pair !== undefined) return [pair >> 8, pair & 0xff]
  four ??= fourBytes()
  const at = four.get(code)
  return at === undefined ? [0x3f] : asFour(at)
}

export function gb18030(text: string): number[] {
  return [...text].flatMap(bytesOf)
}
