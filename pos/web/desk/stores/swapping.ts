import { Refused, sentence } from '@web/api'
import type { DeskLine, DeskOrder } from '@web/contract'
import { t, tOr } from '@web/i18n'
import { oneAtATime } from '@web/one-at-a-time'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useOrders } from './orders'

/** Goods of this store that may be given instead; `free_online` are pieces, or grams of weighed goods. */
export interface Fit {
  sku_id: number
  name: string
  spec: string
  unit: string
  shelf: string
  free_online: number
}

/** A refusal names in `because` what is wrong with this line, or with these goods. */
function why(error: unknown): string {
  const said = sentence(error)
  const named = error instanceof Refused && error.code === 'no_substitute'
  return named ? tOr(`swap.because.${error.facts.because}`, said) : said
}

/** So many kinds at most are offered for what was typed. */
const MOST = 6

interface State {
  parcel: number | null
  line_no: number
  code: string
  fits: Fit[]
  chosen: number | null
  busy: boolean
  said: string
}

const EMPTY = { fits: [], chosen: null, said: '' }

/** Something else instead of a line: what the colleague holds in the hand, and what the customer says to it. */
export const useSwapping = defineStore('swapping', {
  state: (): State => ({ ...EMPTY, fits: [], parcel: null, line_no: 0, code: '', busy: false }),
  getters: {
    order: (state): DeskOrder | null =>
      useOrders().orders.find((order) => order.id === state.parcel) ?? null,
    line(): DeskLine | null {
      return this.order?.lines.find((line) => line.line_no === this.line_no) ?? null
    },
    /** Offered, and not answered yet. */
    asked(): boolean {
      return this.line?.substitutes?.some((one) => one.outcome === null) ?? false
    },
  },
  actions: {
    show(parcel: number, line_no: number): void {
      this.$reset()
      Object.assign(this, { parcel, line_no })
    },

    leave(): void {
      this.$reset()
    },

    /** What was scanned or typed; a barcode that fits one thing chooses it. */
    async find(code: string): Promise<void> {
      const q = code.trim()
      if (!q) return
      await this.run(async () => {
        Object.assign(this, EMPTY, { code: q })
        const path = `/api/desk/stock/levels?most=${MOST}&q=${encodeURIComponent(q)}`
        const levels = (await api.get<{ levels: Fit[] }>(path)).levels
        this.fits = levels.filter((one) => one.sku_id !== this.line?.sku_id)
        const [only, ...others] = this.fits
        if (!only)
          this.said = t(levels.length > 0 ? 'swap.because.same' : 'swap.unknown', { code: q })
        else if (others.length === 0 && this.enough(only)) this.chosen = only.sku_id
        play(only ? 'ok' : 'unknown')
      })
    },

    /** A line is given whole or not at all. */
    enough(one: Fit): boolean {
      const line = this.line
      return line !== null && one.free_online >= line.qty - line.short_qty
    },

    async offer(): Promise<void> {
      const { order, line_no, chosen } = this
      if (!order || chosen === null) return
      await this.run(async () => {
        await useOrders().write(order.id, 'substitute', { line_no, by_sku_id: chosen })
        play('ok')
        if (order.may_substitute) this.leave()
        else Object.assign(this, EMPTY, { code: '' })
      })
    },

    run(work: () => Promise<void>): Promise<void> {
      return oneAtATime(this, work, (error) => {
        this.said = why(error)
      })
    },
  },
})
