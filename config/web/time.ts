import { locale } from './i18n'
import { keep, kept } from './kept'

/** The chain's one time zone, as on the receipts: a tablet set to another one shows the shop's time. */
const timeZone = 'Asia/Shanghai'

const AHEAD = 'clock.ahead'
/** The header counts whole seconds: a smaller difference is only its rounding. */
const ROUNDING_MS = 2000

let ahead_ms: number | null = null

/** Learn how far this device's clock is off, from the `Date` header of an answer; kept for a start without network. */
export function learnServerTime(header: string | null): void {
  const at = header ? Date.parse(header) : Number.NaN
  if (Number.isNaN(at)) return
  const before = aheadMs()
  ahead_ms = at - Date.now()
  if (Math.abs(ahead_ms - before) > ROUNDING_MS) keep(AHEAD, ahead_ms)
}

/** How far this device's clock is known to be behind the server's, in ms; negative where it is ahead. */
export function aheadMs(): number {
  ahead_ms ??= kept<number>(AHEAD) ?? 0
  return ahead_ms
}

/** The server's idea of now, in ms: a tablet with a wrong clock must not call an order late. */
export function serverNow(): number {
  const ahead = aheadMs()
  return Date.now() + (Math.abs(ahead) > ROUNDING_MS ? ahead : 0)
}

export function clock(at: string | number): string {
  return new Date(at).toLocaleTimeString(locale.value, {
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
    timeZone,
  })
}

/** Made once: making one takes longer than all else that a scan does. */
const days = new Intl.DateTimeFormat('en-CA', { timeZone })

/** The calendar day of a moment, to compare days by. */
export function day(at: string | number): string {
  return days.format(new Date(at))
}

/** The day as on a coupon: 2026/12/31. */
export function dateOf(at: string): string {
  return new Date(at).toLocaleDateString(locale.value, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    timeZone,
  })
}

export function dateAndTime(at: string): string {
  return new Date(at).toLocaleString(locale.value, {
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
    timeZone,
  })
}

/** Moments inside a server's sentence, told in the time of this place. */
export function withLocalTimes(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g, dateAndTime)
}

/** 4:05 or 1:02:09, for a shift or a wait. */
export function elapsed(from: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(from)) / 1000))
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return `${hours}:${String(minutes).padStart(2, '0')}`
}

/** Whole minutes until `at`, negative once it has passed; the last minute counts as 0. */
export function minutesLeft(at: string, now: number): number {
  return Math.floor((Date.parse(at) - now) / 60000)
}
