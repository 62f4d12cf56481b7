/**
 * Moments, in the chain's one time zone.  China keeps UTC+8 all year, so the shift is a plain sum: the
 * weapp on Android has no Intl, and a phone set to another zone must still show the shop's time.
 */

const SHIFT_MS = 8 * 3600 * 1000

let ahead_ms = 0

/** Learn how far this phone's clock is off, from the `Date` header of an answer. */
export function learnServerTime(header: string | undefined): void {
  const at = header ? Date.parse(header) : Number.NaN
  if (!Number.isNaN(at)) ahead_ms = at - Date.now()
}

/** The server's idea of now, in ms: a countdown must not depend on the phone's clock. */
export function serverNow(): number {
  // The header counts whole seconds: a smaller difference is only its rounding.
  return Date.now() + (Math.abs(ahead_ms) > 2000 ? ahead_ms : 0)
}

const two = (n: number) => String(n).padStart(2, '0')

/** iOS reads no microseconds: keep milliseconds. */
function shop(at: string | number): Date {
  const ms = typeof at === 'number' ? at : Date.parse(at.replace(/(\.\d{3})\d+/, '$1'))
  return new Date(ms + SHIFT_MS)
}

/** "2026-11-24", to compare days by. */
export function day(at: string | number): string {
  const it = shop(at)
  return `${it.getUTCFullYear()}-${two(it.getUTCMonth() + 1)}-${two(it.getUTCDate())}`
}

/** "11-24" */
export function shortDay(at: string | number): string {
  return day(at).slice(5)
}

/** "09:30" */
export function clock(at: string | number): string {
  const it = shop(at)
  return `${two(it.getUTCHours())}:${two(it.getUTCMinutes())}`
}

/** "2026-11-24 09:30" */
export function dateAndTime(at: string | number): string {
  return `${day(at)} ${clock(at)}`
}

/** Moments inside a server's sentence, told in the time of this place. */
export function withLocalTimes(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g, (at) => `${shortDay(at)} ${clock(at)}`)
}

/** Days from today: 0 is today, 1 tomorrow. */
export function daysAhead(at: string, now: number = serverNow()): number {
  return Math.round((Date.parse(`${day(at)}T00:00:00Z`) - Date.parse(`${day(now)}T00:00:00Z`)) / 86_400_000)
}

/** Seconds until a moment, 0 when it has passed. */
export function secondsLeft(at: string, now: number = serverNow()): number {
  return Math.max(0, Math.ceil((shop(at).getTime() - SHIFT_MS - now) / 1000))
}

/** How long ago a moment was, by its largest unit: the others are 0. */
export function ago(at: string, now: number = serverNow()): { minutes: number; hours: number; days: number } {
  const minutes = Math.max(0, Math.floor((now - shop(at).getTime() + SHIFT_MS) / 60_000))
  if (minutes >= 1440) return { minutes: 0, hours: 0, days: Math.floor(minutes / 1440) }
  return minutes >= 60 ? { minutes: 0, hours: Math.floor(minutes / 60), days: 0 } : { minutes, hours: 0, days: 0 }
}

/** 754 -> "12:34" */
export function countdown(seconds: number): string {
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`
}

/** 93784 -> "1 天 02:03:04" with the word for days: a sale may last longer than a day. */
export function longCountdown(seconds: number, days: (n: number) => string): string {
  const whole = Math.floor(seconds / 86_400)
  const rest = seconds % 86_400
  const clockOf = `${two(Math.floor(rest / 3600))}:${countdown(rest % 3600)}`
  return whole ? `${days(whole)} ${clockOf}` : clockOf
}
