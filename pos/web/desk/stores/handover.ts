import { Refused, sentence } from '@web/api'
import type { DeskOrder } from '@web/contract'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useOrders } from './orders'

/** Why nothing may be handed over; each has a screen of its own. */
export const STOPS = [
  'already_collected',
  'pickup_elsewhere',
  'pickup_expired',
  'pickup_cancelled',
  'pickup_not_ready',
  'pickup_code_wrong',
  'pickup_locked',
] as const
export type Stop = (typeof STOPS)[number]

interface State {
  code: string
  order: DeskOrder | null
  /** Units that are handed over now, by line; all that lie there unless changed. */
  take: Record<number, number>
  stop: { code: Stop; message: string; facts: Record<string, unknown> } | null
  busy: boolean
  said: string
}

const FRESH = { code: '', order: null, stop: null, said: '' }

export const left = (line: { picked_qty: number; handed_qty: number }) =>
  line.picked_qty - line.handed_qty

/** Handing a bag over: the customer's code, what it stands for, and once only the bag. */
export const useHandover = defineStore('handover', {
  state: (): State => ({ ...FRESH, take: {}, busy: false }),
  getters: {
    open: (state): boolean => state.order !== null || state.stop !== null,
    taken: (state): number =>
      (state.order?.lines ?? []).filter((line) => (state.take[line.line_no] ?? 0) > 0).length,
    partial: (state): boolean =>
      (state.order?.lines ?? []).some((line) => (state.take[line.line_no] ?? 0) < left(line)),
  },
  actions: {
    async check(code: string): Promise<void> {
      await this.run(async () => {
        const { parcel } = await api.write<{ parcel: DeskOrder }>('/api/desk/pickup/check', {
          code,
        })
        Object.assign(this, FRESH, { code, order: parcel })
        this.take = Object.fromEntries(parcel.lines.map((line) => [line.line_no, left(line)]))
        play('ok')
      })
    },

    put(line_no: number, qty: number): void {
      const line = this.order?.lines.find((one) => one.line_no === line_no)
      if (line) this.take[line_no] = Math.min(left(line), Math.max(0, qty))
    },

    async confirm(): Promise<void> {
      const { code, order, partial } = this
      if (!order || this.taken === 0) return
      const lines = Object.entries(this.take)
        .filter(([, qty]) => qty > 0)
        .map(([line_no, qty]) => ({ line_no: Number(line_no), qty }))
      await this.run(async () => {
        await api.write('/api/desk/pickup/hand-over', partial ? { code, lines } : { code })
        play('paid')
        this.leave()
        const orders = useOrders()
        orders.openId = null
        orders.handed(order, partial)
      })
    },

    leave(): void {
      Object.assign(this, FRESH, { take: {} })
    },

    async run(work: () => Promise<void>): Promise<void> {
      if (this.busy) return
      Object.assign(this, { busy: true, said: '', stop: null })
      try {
        await work()
      } catch (error) {
        play('blocked')
        const code = error instanceof Refused ? (error.code as Stop) : null
        if (error instanceof Refused && code && STOPS.includes(code)) {
          Object.assign(this, FRESH, {
            stop: { code, message: error.message, facts: error.facts },
          })
        } else if (this.order) this.said = sentence(error)
        else useOrders().scanSaid = sentence(error)
      } finally {
        this.busy = false
      }
    },
  },
})
