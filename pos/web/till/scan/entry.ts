import { type Facts, type Kind, kindOf } from './kinds'

/** One code on its way to who takes it. */
export interface Scan {
  kind: Kind
  code: string
  times: number
}

export type Entry =
  | { kind: 'nothing' }
  | { kind: 'scan'; scan: Scan }
  | { kind: 'times'; times: number }
  | { kind: 'quantity'; text: string }
  | { kind: 'search'; text: string }
  /** One digit: what is left of a code that was cut off, and too little to search for. */
  | { kind: 'short' }

const MOST_TIMES = 999

/** What the text before Enter means: a code, perhaps with how many before it, a quantity, or words to search for. */
export function readEntry(raw: string, facts: Facts): Entry {
  const text = plain(raw)
  if (!text) return { kind: 'nothing' }
  const times = /^(\d{1,3})[*×](.*)$/.exec(text)
  const rest = times ? (times[2] ?? '').trim() : text
  const count = times ? Math.min(MOST_TIMES, Math.max(1, Number(times[1]))) : 1
  if (!rest) return { kind: 'times', times: count }
  if (/^[*×][\d.]+$/.test(text)) return { kind: 'quantity', text: text.slice(1) }
  if (/^\d$/.test(rest)) return { kind: 'short' }
  const kind = kindOf(rest, facts)
  return kind
    ? { kind: 'scan', scan: { kind, code: rest, times: count } }
    : { kind: 'search', text: rest }
}

/** As a reader meant it: a Chinese input method makes full-width digits of what it types. */
export function plain(raw: string): string {
  return raw.normalize('NFKC').trim()
}
