import type { Receipt, ReceiptLine, ReturnDone, ReturnForm, ReturnPreview } from '@web/contract'
import { t } from '@web/i18n'
import { parseQuantity } from '@web/money'
import { oneAtATime } from '@web/one-at-a-time'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { isTopUpNo } from '../scan/kinds'
import { api } from '../server'
import { useCounter } from './counter'

interface State {
  receipt: Receipt | null
  /** As typed, by line number. */
  typed: Record<number, string>
  /** The shop's own: spoilt or missing goods. */
  fault: boolean
  preview: ReturnPreview | null
  done: ReturnDone | null
  busy: boolean
  unsure: boolean
  said: string
}

/** Taking goods back: find the order, choose pieces, see what follows, confirm. */
export const useReturns = defineStore('returns', {
  state: (): State => ({
    receipt: null,
    typed: {},
    fault: false,
    preview: null,
    done: null,
    busy: false,
    unsure: false,
    said: '',
  }),
  getters: {
    left: () => (line: ReceiptLine) => line.qty - line.returned_qty,
    form(state): ReturnForm | null {
      const lines = (state.receipt?.lines ?? []).flatMap((line) => {
        const qty = parseQuantity(state.typed[line.line_no] ?? '', line.weighed)
        return qty ? [{ line_no: line.line_no, qty }] : []
      })
      return state.receipt && lines.length > 0
        ? { order_no: state.receipt.no, lines, fault: state.fault }
        : null
    },
  },
  actions: {
    begin(): void {
      this.$reset()
    },

    async load(no: string): Promise<void> {
      const clean = no.replace(/\s/g, '')
      if (isTopUpNo(clean)) return useCounter().openTopUpBack(clean)
      if (!/^(\d{6,20}|X[0-9A-Fa-f]{6}\d{6})$/i.test(clean)) {
        this.said = t('return.noFormat')
        play('unknown')
        return
      }
      await this.run(async () => {
        const path = `/api/pos/receipts/${clean}`
        const { receipt } = await api.get<{ receipt: Receipt }>(path)
        Object.assign(this, { receipt, typed: {}, fault: false, preview: null, done: null })
        play('ok')
      })
    },

    type(line_no: number, text: string): void {
      this.typed[line_no] = text
      this.preview = null
      this.said = ''
    },

    blame(fault: boolean): void {
      this.fault = fault
      this.preview = null
      this.said = ''
    },

    async look(): Promise<void> {
      const form = this.form
      if (!form) {
        this.said = t('return.chooseFirst')
        return
      }
      await this.run(async () => {
        const answer = await api.ask<{ preview: ReturnPreview }>('/api/pos/returns/preview', form)
        this.preview = answer.preview
      })
    },

    /** Repeats the same request when the answer was lost: money goes out once. */
    async confirm(approver?: { staff_id: number; pin: string }): Promise<void> {
      const { form, preview } = this
      if (!form || !preview) return
      const body = {
        ...form,
        expected_refund_fen: preview.refund_fen,
        expected_points_deficit: preview.points_deficit,
        ...(approver ? { approver } : {}),
      }
      await this.run(async () => {
        this.done = (await api.write<{ return: ReturnDone }>('/api/pos/returns', body)).return
        play('paid')
      })
      // A wrong PIN is typed again; anything else may have changed what follows.
      if (this.said && !this.unsure && !preview.needs_approval) this.preview = null
    },

    run(work: () => Promise<void>): Promise<void> {
      return oneAtATime(this, work)
    },
  },
})
