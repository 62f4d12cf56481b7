import { t } from '@web/i18n'
import { oneAtATime } from '@web/one-at-a-time'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useSession } from '../stores/session'
import type { BroughtOrder, Case, Cause, Place, Places, RefundPlan } from './contract'
import { found, put, taken } from './places'

const FAULTS = new Set<Cause>(['quality', 'damaged', 'wrong_item', 'missing', 'late'])
const BASE = '/api/desk/aftersales'

interface State {
  open: boolean
  loaded: boolean
  cases: Case[]
  etag: string | null
  /** A case one works on, or an order that somebody brings goods of. */
  one: Case | null
  order: BroughtOrder | null
  cause: Cause | null
  fault: boolean
  places: Record<number, Places>
  plan: RefundPlan | null
  done: Case | null
  busy: boolean
  unsure: boolean
  said: string
}

const FRESH = {
  one: null,
  order: null,
  cause: null,
  fault: false,
  places: {},
  plan: null,
  done: null,
  unsure: false,
  said: '',
}

/** The returns view: cases by their clock, goods that come back, and what each refund would be. */
export const useReturnsDesk = defineStore('returnsDesk', {
  state: (): State => ({
    ...FRESH,
    places: {},
    open: false,
    loaded: false,
    cases: [],
    etag: null,
    busy: false,
  }),
  getters: {
    lines: (state) => found(state.places),
    mayAnswer: (): boolean => useSession().staff?.permissions.includes('desk.answer') ?? false,
  },
  actions: {
    async show(): Promise<void> {
      Object.assign(this, FRESH, { places: {}, open: true })
      await this.refresh()
    },

    leave(): void {
      Object.assign(this, FRESH, { places: {}, open: false })
    },

    back(): void {
      Object.assign(this, FRESH, { places: {} })
      void this.refresh()
    },

    async refresh(): Promise<void> {
      await this.run(async () => {
        const answer = await api.getIfChanged<{ cases: Case[] }>(BASE, this.etag)
        if (answer.body) Object.assign(this, { cases: answer.body.cases, etag: answer.etag })
        this.loaded = true
      })
    },

    /** A printed order number opens the order, a code of goods takes one more of them. */
    async scan(code: string): Promise<void> {
      const clean = code.replace(/\s/g, '')
      const line = this.order?.lines.find((one) => one.barcode === clean)
      if (line && !this.done) {
        const now = this.places[line.line_no]?.sellable ?? 0
        this.put(line.line_no, 'sellable', line.weighed ? line.left_qty : now + 1, line.left_qty)
        play('ok')
        return
      }
      if (!/^\d{12}$/.test(clean)) {
        this.said = t('return.noFormat')
        play('unknown')
        return
      }
      await this.run(async () => {
        const { order } = await api.get<{ order: BroughtOrder }>(`${BASE}/orders/${clean}`)
        Object.assign(this, FRESH, { places: {}, order })
        play('ok')
      })
    },

    look(one: Case): void {
      Object.assign(this, FRESH, { places: {}, one, fault: one.fault })
      if (one.state === 'received')
        for (const line of one.lines) this.put(line.line_no, 'sellable', line.qty, line.qty)
    },

    put(line_no: number, place: Place, qty: number, most: number): void {
      this.places[line_no] = put(this.places[line_no], place, qty, most)
      this.changed()
    },

    because(cause: Cause): void {
      this.cause = cause
      this.fault = FAULTS.has(cause)
      this.changed()
    },

    blame(fault: boolean): void {
      this.fault = fault
      this.changed()
    },

    changed(): void {
      this.plan = null
      this.said = ''
    },

    taken(line_no: number): number {
      return taken(this.places[line_no])
    },

    /** What it would come to: of goods that are brought, of a case that is inspected, or of one to be granted. */
    async preview(): Promise<void> {
      await this.run(async () => {
        const { order, one, cause, fault, lines } = this
        const about = order
          ? { order_no: order.no, cause, fault, lines }
          : one?.state === 'received'
            ? { fault, lines }
            : { fault }
        const path = order ? `${BASE}/in-store/preview` : `${BASE}/${one?.id}/preview`
        this.plan = (await api.ask<{ preview: RefundPlan }>(path, about)).preview
      })
    },

    /** Repeats the same request when the answer was lost: money goes out once. */
    async confirm(): Promise<void> {
      const { order, one, plan, cause, fault, lines } = this
      if (order && plan) {
        const body = {
          order_no: order.no,
          cause,
          fault,
          lines,
          expected_refund_fen: plan.refund_fen,
        }
        await this.send(`${BASE}/in-store`, body)
      } else if (one?.state === 'received') {
        const shown = plan ? { expected_refund_fen: plan.refund_fen } : {}
        await this.send(`${BASE}/${one.id}/inspect`, { lines, ...shown })
      }
    },

    async step(
      event: 'approve' | 'reject' | 'receive' | 'turn-away' | 'send-out',
      more: object = {},
    ): Promise<void> {
      if (this.one) await this.send(`${BASE}/${this.one.id}/${event}`, more)
    },

    async send(path: string, body: object): Promise<void> {
      await this.run(async () => {
        const answer = await api.write<{ case: Case }>(path, body)
        if (answer.case.state === 'received') this.look(answer.case)
        else Object.assign(this, { done: answer.case })
        play('paid')
      })
      if (this.said && !this.unsure) this.plan = null
      this.etag = null
    },

    run(work: () => Promise<void>): Promise<void> {
      return oneAtATime(this, work)
    },
  },
})
