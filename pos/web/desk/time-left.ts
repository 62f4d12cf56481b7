import type { DeskOrder } from '@web/contract'
import { minutesLeft } from '@web/time'

export const SOON_MIN = 10
/** Beyond this many minutes the hour of the promise says more than a countdown. */
const COUNTED_MIN = 99

export type Urgency = 'calm' | 'soon' | 'late' | 'waiting'

export interface TimeLeft {
  urgency: Urgency
  /** Minutes to go, or past the promise when late; null where the hour is shown instead. */
  minutes: number | null
}

/**
 * How urgent an order is for the store: amber under ten minutes, red from the moment promised on.
 *
 * A packed order is no longer the store's to hurry: it waits for the customer.
 */
export function timeLeft(order: Pick<DeskOrder, 'stage' | 'promise_at'>, now: number): TimeLeft {
  const left = minutesLeft(order.promise_at, now)
  if (order.stage !== 'new' && order.stage !== 'picking') {
    return { urgency: 'waiting', minutes: null }
  }
  if (left < 0) return { urgency: 'late', minutes: -left }
  return {
    urgency: left < SOON_MIN ? 'soon' : 'calm',
    minutes: left > COUNTED_MIN ? null : left,
  }
}
