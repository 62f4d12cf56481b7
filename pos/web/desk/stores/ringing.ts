import type { DeskOrder } from '@web/contract'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { alarm } from '../time-left'
import { useOrders } from './orders'

/** How long between two rings, by how far the clock of accepting has run. */
const AGAIN_MS = [30_000, 12_000, 5000] as const

/** The new orders nobody has heard of at the loudness they have now. */
export function unheard(
  orders: readonly DeskOrder[],
  heard: Readonly<Record<number, number>>,
  now: number,
): DeskOrder[] {
  return orders.filter(
    (order) => order.stage === 'new' && (heard[order.id] ?? -1) < alarm(order, now),
  )
}

/** The bell: it rings until somebody says that they heard, and begins anew at half and at four fifths of the clock. */
export const useRinging = defineStore('ringing', {
  state: () => ({ heard: {} as Record<number, number>, rungAt: 0, level: 0 }),
  actions: {
    /** Once a second: ring if it is time, the louder the nearer the end of a clock. */
    tick(now: number): void {
      const waiting = unheard(useOrders().orders, this.heard, now)
      if (waiting.length === 0) {
        this.rungAt = 0
        return
      }
      const level = Math.max(...waiting.map((order) => alarm(order, now))) as 0 | 1 | 2
      const quiet = now - this.rungAt < AGAIN_MS[level]
      if (quiet && level <= this.level) return
      this.rungAt = now
      this.level = level
      play(level === 2 ? 'urgent' : 'order')
    },

    /** Something came that nobody knows yet: at once. */
    again(): void {
      this.rungAt = 0
    },

    acknowledge(now: number, ids?: readonly number[]): void {
      for (const order of useOrders().of('new')) {
        if (!ids || ids.includes(order.id)) this.heard[order.id] = alarm(order, now)
      }
    },
  },
})
