/** The rule book as the server sends it, and what of it counts at a moment: `trade/pricing/promotions/delivered.py`. */

import { floorDiv } from './fen'
import { type BookJson, bookFromJson, type Here, type RuleBook } from './rules'

/** The body of `/api/pos/rules` and `/api/mall/rules`. What is in force first; each until its moment, exclusive. */
export interface Delivered {
  readonly store_id: number
  readonly version: number
  /** From which moment on the store's clock is so many minutes ahead of UTC. */
  readonly offsets: readonly (readonly [from_ms: number, minutes: number])[]
  readonly books: readonly { readonly until_ms: number; readonly book: BookJson }[]
  readonly member: { readonly tier: string; readonly segment_ids: readonly number[] } | null
}

/** The book in force at a moment; null when that lies beyond what was sent, and the server must be asked. */
export function bookAt(delivered: Delivered, now_ms: number): RuleBook | null {
  const found = delivered.books.find((one) => now_ms < one.until_ms)
  return found ? bookFromJson(found.book) : null
}

/** Where, when and for whom a basket is priced. `tier` null is no member. */
export function hereAt(
  delivered: Delivered,
  channel: string,
  now_ms: number,
  who: { tier: string | null; segment_ids: readonly number[] },
): Here {
  const { store_id, offsets } = delivered
  let minutes = offsets[0]?.[1] ?? 0
  for (const [from_ms, later] of offsets) if (now_ms >= from_ms) minutes = later
  const { tier, segment_ids } = who
  return { store_id, channel, now_ms, ...localParts(now_ms, minutes), tier, segment_ids }
}

/** Weekday (Monday 1), day of the month and minute of the day on a clock so many minutes ahead of UTC. */
export function localParts(now_ms: number, minutes_ahead: number) {
  const minutes = floorDiv(now_ms, 60_000) + minutes_ahead
  const days = floorDiv(minutes, 1440)
  const weekday = days + 3 - 7 * floorDiv(days + 3, 7)
  return { weekday: weekday + 1, month_day: monthDay(days), minute: minutes - days * 1440 }
}

/** Which day of its month a day since 1970 is. Years begin in March here, so that the leap day comes last. */
function monthDay(days: number): number {
  const since = days + 719_468
  const ofEra = since - floorDiv(since, 146_097) * 146_097
  const leaps = floorDiv(ofEra, 1460) - floorDiv(ofEra, 36_524) + floorDiv(ofEra, 146_096)
  const year = floorDiv(ofEra - leaps, 365)
  const ofYear = ofEra - (365 * year + floorDiv(year, 4) - floorDiv(year, 100))
  const month = floorDiv(5 * ofYear + 2, 153)
  return ofYear - floorDiv(153 * month + 2, 5) + 1
}
