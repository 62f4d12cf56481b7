import { sentence } from '@web/api'
import type { DeskLine, RefuseReason } from '@web/contract'
import { t } from '@web/i18n'
import { yuan } from '@web/money'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { codesOf } from '../codes'
import { api } from '../server'
import { useOrders } from './orders'
import { useOutbox } from './outbox'

interface State {
  parcel: number | null
  line: DeskLine | null
  found: number
  reason: RefuseReason
  /** What goes back to the customer by it, exactly; null while it is not known. */
  refund_fen: number | null
  whole: boolean
  busy: boolean
  said: string
}

/** Something is not there: how much was found, why, and what the customer gets back by it. */
export const useLacking = defineStore('lacking', {
  state: (): State => ({
    parcel: null,
    line: null,
    found: 0,
    reason: 'not_found',
    refund_fen: null,
    whole: false,
    busy: false,
    said: '',
  }),
  actions: {
    async show(parcel: number, line: DeskLine): Promise<void> {
      this.$reset()
      Object.assign(this, { parcel, line: { ...line }, found: line.picked_qty })
      await this.preview()
    },

    leave(): void {
      this.$reset()
    },

    async put(found: number): Promise<void> {
      const { line } = this
      if (!line) return
      const most = line.qty - line.short_qty - 1
      this.found = Math.min(most, Math.max(0, found))
      await this.preview()
    },

    /** Another unit turned up after all: one more of it was found. */
    scan(code: string): void {
      const { line } = this
      if (!line?.barcode || line.weighed || !codesOf(code).includes(line.barcode)) play('unknown')
      else void this.put(this.found + 1)
    },

    async preview(): Promise<void> {
      const { parcel, line, found } = this
      if (parcel === null || !line) return
      this.refund_fen = null
      this.said = ''
      try {
        const path = `/api/desk/parcels/${parcel}/short/preview`
        const said = await api.ask<{ refund_fen: number; whole: boolean }>(path, {
          line_no: line.line_no,
          found_qty: found,
        })
        if (this.found === found) Object.assign(this, said)
      } catch (error) {
        this.said = sentence(error)
      }
    },

    /** Picks that still wait go out first: the figure found is in all. */
    async confirm(): Promise<void> {
      const { parcel, line, found, reason, refund_fen } = this
      if (parcel === null || !line || this.busy) return
      this.busy = true
      this.said = ''
      try {
        await useOutbox().flush()
        const body = { line_no: line.line_no, found_qty: found, reason }
        await useOrders().write(parcel, 'short', body)
        play('ok')
        useOrders().tell(
          t('short.done', { name: line.name, amount: refund_fen === null ? '' : yuan(refund_fen) }),
        )
        this.leave()
      } catch (error) {
        play('blocked')
        this.said = sentence(error)
      } finally {
        this.busy = false
        useOrders().refresh()
      }
    },
  },
})
