import { gb18030 } from './gb18030'
import type { Piece, Slip, Width } from './slip'

const ESC = 0x1b
const FS = 0x1c
const GS = 0x1d
const START = [ESC, 0x40, FS, 0x26]
const CUT = [ESC, 0x64, 6, GS, 0x56, 1]
const SQUARE: Record<Width, number> = { 58: 5, 80: 6 }

/** Opens the drawer that hangs on the printer. */
export const KICK = Uint8Array.of(ESC, 0x70, 0, 50, 50)

/** The bytes of `pos/printing/escpos.py`, where python-escpos writes them. */
export function escpos(slip: Slip): Uint8Array {
  const bytes = [...START]
  let before: Piece['kind'] = 'text'
  for (const { kind, words } of slip.pieces) {
    if (kind !== before) bytes.push(...turn(kind))
    before = kind
    if (kind === 'bars') bytes.push(...bars(words))
    else if (kind === 'square') bytes.push(...square(words, SQUARE[slip.width]))
    else bytes.push(...gb18030(`${words}\n`))
  }
  return Uint8Array.from([...bytes, ...CUT])
}

/** Size, and left or in the middle. */
const turn = (kind: Piece['kind']): number[] => [
  ...[GS, 0x21, kind === 'title' ? 0x11 : 0],
  ...[ESC, 0x61, kind === 'text' ? 0 : 1],
]

/** Code 128, set B, 60 dots high, with its signs below. */
function bars(code: string): number[] {
  const signs = [...`{B${code}`].map((sign) => sign.charCodeAt(0))
  const look = [GS, 0x68, 60, GS, 0x77, 2, GS, 0x66, 0, GS, 0x48, 2]
  return [...look, GS, 0x6b, 73, signs.length, ...signs]
}

/** A QR code, model 2, level L. */
function square(words: string, size: number): number[] {
  const data = [...new TextEncoder().encode(words)]
  const command = (fn: number, more: number[]): number[] => {
    const length = more.length + 2
    return [GS, 0x28, 0x6b, length & 0xff, length >> 8, 0x31, fn, ...more]
  }
  return [
    ...command(0x41, [50, 0]),
    ...command(0x43, [size]),
    ...command(0x45, [48]),
    ...command(0x50, [48, ...data]),
    ...command(0x51, [48]),
  ]
}
