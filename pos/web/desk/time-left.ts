import type { DeskOrder } from '@web/contract'
import { minutesLeft } from '@web/time'

export const SOON_MIN = 10
/** Beyond this many minutes the hour of the promise says more than a countdown. */
const COUNTED_MIN = 99
/** The clocks of accepting: from the half on a nudge, from four fifths on loud (rules 3.16). */
export const NUDGE = 0.5
export const LOUD = 0.8

export type Urgency = 'calm' | 'soon' | 'late' | 'waiting'

export interface TimeLeft {
  urgency: Urgency
  /** Minutes to go, or past the promise when late; null where the hour is shown instead. */
  minutes: number | null
}

type Timed = Pick<DeskOrder, 'stage' | 'promise_at'> &
  Partial<
    Pick<
      DeskOrder,
      'accept_by' | 'assigned_at' | 'accepted_at' | 'placed_at' | 'nudge_at' | 'loud_at'
    >
  >

/** Where a clock stands: `left_ms` to go (negative when over), and the share of it that is left, 0 to 1. */
export interface Clock {
  kind: 'accept' | 'promise'
  at: string
  left_ms: number
  share: number
}

/** The clock that counts now: accepting while it is new, the promise afterwards; none without a promise. */
export function clockOf(order: Timed, now: number): Clock | null {
  const accepting = order.stage === 'new' && order.accept_by
  const at = accepting ? order.accept_by : order.promise_at
  if (!at) return null
  const from = accepting ? order.assigned_at : (order.accepted_at ?? order.placed_at)
  const until = Date.parse(at)
  const whole = from ? until - Date.parse(from) : 0
  const left_ms = until - now
  const share = whole > 0 ? Math.min(1, Math.max(0, left_ms / whole)) : left_ms > 0 ? 1 : 0
  return { kind: accepting ? 'accept' : 'promise', at, left_ms, share }
}

/** 0 calm, 1 nudged, 2 loud: how far the clock of accepting has run. */
export function alarm(order: Timed, now: number): 0 | 1 | 2 {
  const clock = clockOf(order, now)
  if (clock?.kind !== 'accept') return 0
  if (order.nudge_at && order.loud_at)
    return now >= Date.parse(order.loud_at) ? 2 : now >= Date.parse(order.nudge_at) ? 1 : 0
  const used = 1 - clock.share
  return used >= LOUD ? 2 : used >= NUDGE ? 1 : 0
}

/** When the store has to be done with its next step, to sort by; without a promise last. */
export function dueAt(order: Timed): number {
  const at = order.stage === 'new' ? (order.accept_by ?? order.promise_at) : order.promise_at
  return at ? Date.parse(at) : Number.POSITIVE_INFINITY
}

/**
 * How urgent an order is for the store: amber under ten minutes, red from the moment promised on.
 *
 * A packed order is no longer the store's to hurry: it waits for the customer.
 */
export function timeLeft(order: Timed, now: number): TimeLeft {
  if (order.stage !== 'new' && order.stage !== 'picking') {
    return { urgency: 'waiting', minutes: null }
  }
  if (!order.promise_at) return { urgency: 'calm', minutes: null }
  const left = minutesLeft(order.promise_at, now)
  if (left < 0) return { urgency: 'late', minutes: -left }
  return {
    urgency: left < SOON_MIN ? 'soon' : 'calm',
    minutes: left > COUNTED_MIN ? null : left,
  }
}

/** The most urgent of several: what a column's worst clock looks like. */
export function worst(orders: readonly Timed[], now: number): Urgency {
  const found = new Set(orders.map((order) => urgency(order, now)))
  return found.has('late') ? 'late' : found.has('soon') ? 'soon' : 'calm'
}

/** Of a new order the clock of accepting counts as well: nudged is soon, and overdue late. */
export function urgency(order: Timed, now: number): Urgency {
  const promised = timeLeft(order, now).urgency
  const clock = clockOf(order, now)
  if (clock?.kind !== 'accept' || promised === 'late') return promised
  if (clock.left_ms < 0) return 'late'
  return promised === 'soon' || alarm(order, now) > 0 ? 'soon' : promised
}

/** 12:05 or 1:02:09 of what is left, without a sign. */
export function countdown(left_ms: number): string {
  const seconds = Math.floor(Math.abs(left_ms) / 1000)
  const two = (n: number) => String(n).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`
}
