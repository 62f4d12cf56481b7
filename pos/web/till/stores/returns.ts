import type { Receipt, ReceiptLine, ReturnDone, ReturnForm, ReturnPreview } from '@web/contract'
import { t } from '@web/i18n'
import { parseQuantity, quantity } from '@web/money'
import { oneAtATime } from '@web/one-at-a-time'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { cashIn, usePrinter } from '../print/printer'
import { isTopUpNo } from '../scan/kinds'
import { api } from '../server'
import { forgetWords, wordsFor } from './back-words'
import { useCatalogue } from './catalogue'
import { useCounter } from './counter'
import { useFinding } from './finding'

interface State {
  receipt: Receipt | null
  /** As typed, by line number. */
  typed: Record<number, string>
  /** Lines whose goods are not for sale any more. */
  aside: Record<number, boolean>
  /** The line that was scanned last: a number typed after it is how many. */
  at: number | null
  /** The shop's own: spoilt or missing goods. */
  fault: boolean
  preview: ReturnPreview | null
  done: ReturnDone | null
  busy: boolean
  unsure: boolean
  said: string
}

const NUMBER = /^(\d{12}|X[0-9A-F]{6}\d{6})$/i

/** Taking goods back: find the order, choose pieces, see what follows, confirm. */
export const useReturns = defineStore('returns', {
  state: (): State => ({
    receipt: null,
    typed: {},
    aside: {},
    at: null,
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
        const { line_no } = line
        const qty = parseQuantity(state.typed[line_no] ?? '', line.weighed)
        return qty ? [{ line_no, qty, ...(state.aside[line_no] && { aside: qty }) }] : []
      })
      return state.receipt && lines.length > 0
        ? { order_no: state.receipt.no, lines, fault: state.fault }
        : null
    },
  },
  actions: {
    begin(): void {
      this.$reset()
      useFinding().begin()
    },

    /** A number of a sale opens it; anything else says who bought it, or how it was paid. */
    async load(no: string): Promise<void> {
      const clean = no.replace(/\s/g, '')
      if (isTopUpNo(clean)) return useCounter().openTopUpBack(clean)
      if (!NUMBER.test(clean)) return useFinding().byPerson(clean)
      await this.run(async () => {
        const path = `/api/pos/receipts/${clean}`
        const { receipt } = await api.get<{ receipt: Receipt }>(path)
        const none = { typed: {}, aside: {}, at: null, fault: false, preview: null, done: null }
        Object.assign(this, none, { receipt })
        play('ok')
      })
    },

    /** One more piece of what was scanned, or how many of it; says whether that is what the text was. */
    async takeGoods(text: string): Promise<void> {
      const at = this.lineAt()
      if (/^\d{1,3}$/.test(text) && at) return this.type(at.line_no, text)
      await this.run(async () => {
        const item = await useCatalogue().lookUp(text, () => undefined)
        const line = this.receipt?.lines.find(
          (one) => one.sku_id === item.sku_id && this.left(one) > (this.asked(one) ?? 0),
        )
        if (!line) {
          play('blocked')
          this.said = t('return.notOfSale', { name: item.name })
          return
        }
        const more = line.weighed ? this.left(line) : (this.asked(line) ?? 0) + 1
        this.type(line.line_no, quantity(more, line.weighed))
        this.at = line.line_no
        play('ok')
      })
    },

    asked(line: ReceiptLine): number | null {
      return parseQuantity(this.typed[line.line_no] ?? '', line.weighed)
    },

    lineAt(): ReceiptLine | undefined {
      const lines = this.receipt?.lines ?? []
      return (
        lines.find((line) => line.line_no === this.at) ?? lines.find((one) => this.left(one) > 0)
      )
    },

    type(line_no: number, text: string): void {
      this.typed[line_no] = text
      this.preview = null
      this.said = ''
    },

    setApart(line_no: number): void {
      this.aside[line_no] = !this.aside[line_no]
      this.preview = null
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

    /** Asks a manager where one is needed; repeats the same request when the answer was lost: money goes out once. */
    async confirm(): Promise<void> {
      const { form, preview } = this
      if (!form || !preview || this.busy) return
      const approval_ids = await wordsFor(form.order_no, preview)
      if (!approval_ids) return
      const body = {
        ...form,
        expected_refund_fen: preview.refund_fen,
        expected_points_deficit: preview.points_deficit,
        approval_ids,
      }
      await this.run(async () => {
        const { return: done } = await api.write<{ return: ReturnDone }>('/api/pos/returns', body)
        this.done = done
        usePrinter().after({ no: done.no, path: `returns/${done.no}` }, cashIn(done.refunds))
        forgetWords(form.order_no)
        play('paid')
      })
      // Anything that was refused may have changed what follows.
      if (this.said && !this.unsure) this.preview = null
    },

    run(work: () => Promise<void>): Promise<void> {
      return oneAtATime(this, work)
    },
  },
})
