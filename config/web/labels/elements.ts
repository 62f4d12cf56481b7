import { checkDigit } from './check-digit'

/** What a GS1 element string says of one trade item. */
export interface Elements {
  gtin: string
  lot: string
  serial: string
  expires_on: string | null
  grams: number | null
  pieces: number | null
  fen: number | null
}

type Put = (found: Elements, ai: string, value: string, today: string) => boolean

interface Field {
  ai: RegExp
  value: RegExp
  fixed: boolean
  put: Put
}

const GS = '\x1d'
const CNY = '156'
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** A quotient of whole numbers, half up, of figures too large for a float's product. */
const halfUp = (dividend: bigint, divisor: bigint) =>
  Number((2n * dividend + divisor) / (2n * divisor))

const scaled = (value: string, times: bigint, decimals: string) =>
  halfUp(BigInt(value) * times, 10n ** BigInt(decimals))

/** Six digits as a date; day 00 is the month's last, and the century is the one that is nearest. */
function dateOf(value: string, today: string): string | null {
  const [yy, month, day] = [0, 2, 4].map((at) => Number(value.slice(at, at + 2)))
  const now = Number(today.slice(0, 4))
  let year = Math.floor(now / 100) * 100 + (yy as number)
  if (year - now > 50) year -= 100
  else if (year - now < -49) year += 100
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const last = month === 2 && leap ? 29 : DAYS[(month as number) - 1]
  if (!last || (day as number) > last) return null
  const two = (number: number) => String(number).padStart(2, '0')
  return `${year}-${two(month as number)}-${two(day || last)}`
}

const nothing: Put = () => true

const gtin: Put = (found, _ai, value) => {
  found.gtin = value
  return checkDigit(value.slice(0, -1)) === value.at(-1)
}

/** Expiry, best before and sell by: the first of them counts. */
const expires: Put = (found, _ai, value, today) => {
  const on = dateOf(value.slice(0, 6), today)
  if (on && (!found.expires_on || on < found.expires_on)) found.expires_on = on
  return on !== null
}

const set =
  <Name extends keyof Elements>(
    name: Name,
    of: (value: string, ai: string) => Elements[Name],
  ): Put =>
  (found, ai, value) => {
    found[name] = of(value, ai)
    return true
  }

const payable = set('fen', (value, ai) => scaled(value, 100n, ai.slice(3)))
const payableIn: Put = (found, ai, value, today) =>
  value.startsWith(CNY) && value.length > 3 && payable(found, ai, value.slice(3), today)

const field = (ai: string, value: string, put: Put = nothing, fixed = false): Field => ({
  ai: new RegExp(ai, 'y'),
  value: new RegExp(value, 'y'),
  fixed,
  put,
})

const TEXT = '[!-_a-z]'
const FIELDS: readonly Field[] = [
  field('00', '\\d{18}', nothing, true),
  field('0[12]', '\\d{14}', gtin, true),
  field(
    '10',
    `${TEXT}{1,20}`,
    set('lot', (value) => value),
  ),
  field('11', '\\d{6}', (_found, _ai, value, today) => dateOf(value, today) !== null, true),
  field('1[23]', '\\d{6}', nothing, true),
  field('1[567]', '\\d{6}', expires, true),
  field('20', '\\d{2}', nothing, true),
  field(
    '21',
    `${TEXT}{1,20}`,
    set('serial', (value) => value),
  ),
  field('22|235|24[0123]|25[0134]|400|403|42[0-7]|7023|7030|710|8008|8020|9[0-9]', `${TEXT}{1,90}`),
  field('30', '\\d{1,8}', set('pieces', Number)),
  field(
    '310[0-6]',
    '\\d{6}',
    set('grams', (value, ai) => scaled(value, 1000n, ai.slice(3))),
    true,
  ),
  field(
    '320[0-6]',
    '\\d{6}',
    set('grams', (value, ai) =>
      halfUp(BigInt(value) * 45_359_237n, 100_000n * 10n ** BigInt(ai.slice(3))),
    ),
    true,
  ),
  field('3[1-6]\\d[0-6]', '\\d{6}', nothing, true),
  field('37', '\\d{1,8}', set('pieces', Number)),
  field('392[0-9]', '\\d{1,15}', payable),
  field('393[0-9]', '\\d{4,18}', payableIn),
  field('39[014][0-9]', '\\d{1,18}'),
  field('41[0-7]', '\\d{13}', nothing, true),
  field('7003', '\\d{10}', expires),
  field('8005', '\\d{6}'),
]

/** Read a string without its symbology identifier, as `trade/catalogue/elements.py` does; null where it is not sound. */
export function elements(text: string, today: string): Elements | null {
  const found: Elements = {
    gtin: '',
    lot: '',
    serial: '',
    expires_on: null,
    grams: null,
    pieces: null,
    fen: null,
  }
  let at = 0
  while (at < text.length) {
    if (text[at] === GS) {
      at += 1
      continue
    }
    const next = FIELDS.find(({ ai }) => matchAt(ai, text, at) !== null)
    const ai = next && matchAt(next.ai, text, at)
    const value = next && ai && matchAt(next.value, text, at + ai.length)
    if (!next || !ai || !value) return null
    at += ai.length + value.length
    if (!next.fixed && at < text.length && text[at] !== GS) return null
    if (!next.put(found, ai, value, today)) return null
  }
  return found
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? null
}
