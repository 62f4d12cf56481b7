import { checkDigit, priceCheckDigit } from './check-digit'
import { elements } from './elements'

/** What a code says, as `trade/catalogue/labels.py` reads it: the barcode to look for, and what else is on the label. */
export interface Read {
  key: string
  grams: number | null
  fen: number | null
  pieces: number | null
  lot: string
  serial: string
  expires_on: string | null
  /** It says how much is in it, or what that costs. */
  label: boolean
}

export type Wrong = 'bad_check_digit' | 'label_empty' | 'bad_gs1'

export const DEFAULT_LAYOUTS: readonly string[] = ['2XPPPPPWWWWWC']

const GS = '\x1d'
const SYMBOLS = /^\](C1|d2|Q3|e0)/

/** Whether a code is a GS1 element string, by what the reader says of it or by its GS. */
export const isGS1 = (code: string): boolean => SYMBOLS.test(code) || code.includes(GS)

/** What a scanned code stands for; `today` is a date of ten characters. */
export function read(
  scanned: string,
  layouts: readonly string[],
  today: string,
): Read | { wrong: Wrong } {
  const code = scanned.replace(/^\](?!C1|d2|Q3|e0)../, '')
  if (isGS1(code)) return readElements(code.replace(SYMBOLS, ''), today)
  const layout = layouts.find((one) => fits(code, one))
  return layout ? readLabel(code, layout) : plainly(tradeItem(code))
}

const plainly = (key: string): Read => ({
  key,
  grams: null,
  fen: null,
  pieces: null,
  lot: '',
  serial: '',
  expires_on: null,
  label: false,
})

/** Whether a code is a label of a layout, sound or not. */
export function fits(code: string, layout: string): boolean {
  if (code.length !== layout.length || !/^\d+$/.test(code)) return false
  return code[0] === layout[0] && (layout[1] === 'X' || code[1] === layout[1])
}

function readLabel(code: string, layout: string): Read | { wrong: Wrong } {
  const part = (letter: string) => [...code].filter((_, at) => layout[at] === letter).join('')
  const [price, check, weight] = [part('F'), part('K'), part('W')]
  if (checkDigit(code.slice(0, -1)) !== code.at(-1)) return { wrong: 'bad_check_digit' }
  if (check && priceCheckDigit(price) !== check) return { wrong: 'bad_check_digit' }
  const grams = weight ? Number(weight) : null
  const fen = price ? Number(price) : null
  if (grams === 0 || fen === 0) return { wrong: 'label_empty' }
  return { ...plainly(part('P')), grams, fen, label: true }
}

/** As the catalogue has it: a UPC with its leading zero, a GTIN-14 of the unit without, others as they are. */
function tradeItem(code: string): string {
  if (!/^\d+$/.test(code)) return code.slice(0, 20)
  if (code.length === 12) return `0${code}`
  if (code.length === 14 && checkDigit(code.slice(0, -1)) === code.at(-1))
    return code.startsWith('000000') ? code.slice(6) : code.replace(/^0/, '')
  return code.slice(0, 20)
}

function readElements(text: string, today: string): Read | { wrong: Wrong } {
  const found = elements(text, today)
  if (!found?.gtin) return { wrong: 'bad_gs1' }
  const { gtin, ...said } = found
  const label = said.grams !== null || said.fen !== null
  return { ...plainly(tradeItem(gtin)), ...said, label }
}

/**
 * The grams that a label with nothing but a price stands for: the fewest that cost at least its fen.
 *
 * The line costs the label's fen all the same, what the grams cost more is taken off (`labels.py` has a worked table).
 */
export function gramsFor(fen: number, unit_price_fen: number): number {
  return Math.ceil((1000 * fen - 500) / unit_price_fen)
}

/** How much is in what bears the label: pieces, or its grams, or the grams that its price stands for. */
export function unitsOf(said: Read, weighed: boolean, unit_price_fen: number): number {
  if (!weighed) return said.pieces ?? 1
  return said.grams ?? (said.fen === null ? 1000 : gramsFor(said.fen, unit_price_fen))
}
