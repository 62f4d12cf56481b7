import { sentence } from '@web/api'
import type { DeskOrder, DeskOrders, DeskStage, DoneOrder, RefuseReason } from '@web/contract'
import { t } from '@web/i18n'
import { ScanQueue } from '@web/scanner'
import { play } from '@web/sounds'
import { serverNow } from '@web/time'
import { defineStore } from 'pinia'
import { lineOf, step, tail } from '../picking'
import { api } from '../server'

export type View = 'all' | DeskStage | 'done'

interface Pick {
  id: number
  line_no: number
  /** Units more or fewer; `all` for the whole line, `none` to lay it back. */
  change: number | 'all' | 'none'
}

interface State {
  orders: DeskOrder[]
  loaded: boolean
  etag: string | null
  heardAt: number
  failures: number
  view: View
  openId: number | null
  fresh: number[]
  busy: string
  said: string
  notice: string
  done: DoneOrder[]
  handedOver: string
}

const EVERY_MS = 1500
const SLOWEST_MS = 10_000
const RING_AGAIN_MS = 30_000
const NOTICE_MS = 6000

const picks = new ScanQueue<Pick>((pick) => useOrders().pick(pick))
/** Raised by every write, so that a list asked for before it cannot overwrite its answer. */
let turn = 0
let watching = 0
let wake: () => void = () => undefined
let rungAt = 0

const pause = (ms: number) =>
  new Promise<void>((done) => {
    wake = done
    setTimeout(done, ms)
  })

/** How long to wait before asking again, after so many failures in a row. */
export function waitFor(failures: number): number {
  return Math.min(SLOWEST_MS, EVERY_MS * 2 ** failures)
}

/** The store's open online orders, kept fresh, and every step one can take with them. */
export const useOrders = defineStore('orders', {
  state: (): State => ({
    orders: [],
    loaded: false,
    etag: null,
    heardAt: 0,
    failures: 0,
    view: 'all',
    openId: null,
    fresh: [],
    busy: '',
    said: '',
    notice: '',
    done: [],
    handedOver: '',
  }),
  getters: {
    of: (state) => (wanted: DeskStage) => state.orders.filter((order) => order.stage === wanted),
    open: (state): DeskOrder | null =>
      state.orders.find((order) => order.id === state.openId) ?? null,
    away: (state): boolean => state.failures > 0,
  },
  actions: {
    /** Ask every second and a half until `stop`; slower while the server does not answer. */
    async watch(): Promise<void> {
      watching += 1
      const mine = watching
      this.$patch({ etag: null, loaded: false })
      while (mine === watching) {
        await this.poll()
        await pause(waitFor(this.failures))
      }
    },

    stop(): void {
      watching += 1
      wake()
    },

    refresh(): void {
      wake()
    },

    async poll(): Promise<void> {
      const asked = turn
      try {
        const { body, etag } = await api.getIfChanged<DeskOrders>('/api/desk/parcels', this.etag)
        this.failures = 0
        this.heardAt = serverNow()
        if (body && asked === turn) {
          this.etag = etag
          this.take(body.parcels)
        }
      } catch {
        this.failures += 1
      }
      this.ring()
    },

    take(orders: DeskOrder[]): void {
      const known = new Set(this.orders.map((order) => order.id))
      const come = orders.filter((order) => order.stage === 'new' && !known.has(order.id))
      const opened = this.open
      this.orders = orders
      this.fresh = this.fresh.filter((id) => this.of('new').some((order) => order.id === id))
      if (this.loaded && come.length > 0) {
        this.fresh.push(...come.map((order) => order.id))
        rungAt = 0
      }
      this.loaded = true
      if (opened && !this.open && !this.busy) this.gone(opened)
      else if (this.said && opened && opened.stage !== this.open?.stage) this.movedOn()
    },

    /** The bell goes on while somebody's paid order waits to be taken on. */
    ring(): void {
      if (this.of('new').length === 0 || Date.now() - rungAt < RING_AGAIN_MS) return
      rungAt = Date.now()
      play('order')
    },

    /** A step was refused because a colleague had been quicker: say where the order stands now. */
    movedOn(): void {
      if (this.open) this.said = t('order.moved', { state: t(`state.${this.open.stage}`) })
    },

    gone(order: DeskOrder): void {
      this.openId = null
      this.tell(t('order.gone', { tail: tail(order) }))
    },

    tell(text: string): void {
      this.notice = text
      setTimeout(() => {
        if (this.notice === text) this.notice = ''
      }, NOTICE_MS)
    },

    show(view: View): void {
      this.view = view
      this.handedOver = ''
      if (view === 'done') void this.loadDone()
      else this.fresh = []
    },

    look(id: number | null): void {
      this.openId = id
      this.said = ''
      this.fresh = this.fresh.filter((one) => one !== id)
    },

    async loadDone(): Promise<void> {
      try {
        this.done = (await api.get<{ parcels: DoneOrder[] }>('/api/desk/done')).parcels
      } catch (error) {
        this.tell(sentence(error))
      }
    },

    /** One write; its answer is the order as it now stands. False when refused or unanswered. */
    async send(id: number, verb: string, body: object = {}): Promise<boolean> {
      this.said = ''
      turn += 1
      try {
        const path = `/api/desk/parcels/${id}/${verb}`
        this.replace((await api.write<{ parcel: DeskOrder }>(path, body)).parcel)
        return true
      } catch (error) {
        play('blocked')
        this.said = sentence(error)
        return false
      } finally {
        turn += 1
        this.refresh()
      }
    },

    replace(order: DeskOrder): void {
      const at = this.orders.findIndex((one) => one.id === order.id)
      const isOpen = ['new', 'picking', 'ready'].includes(order.stage)
      if (at >= 0) this.orders.splice(at, 1, ...(isOpen ? [order] : []))
    },

    /** A step behind a button: a second tap while it runs does nothing. */
    async step(order: DeskOrder, verb: string, body: object = {}): Promise<boolean> {
      if (this.busy) return false
      this.busy = verb
      try {
        return await this.send(order.id, verb, body)
      } finally {
        this.busy = ''
      }
    },

    async accept(order: DeskOrder): Promise<void> {
      if (await this.step(order, 'accept')) play('ok')
    },

    async refuse(order: DeskOrder, reason: RefuseReason): Promise<boolean> {
      const done = await this.step(order, 'reject', { reason })
      if (done) {
        this.openId = null
        this.tell(t('order.refused', { tail: tail(order) }))
      }
      return done
    },

    async ready(order: DeskOrder): Promise<void> {
      if (!(await this.step(order, 'ready'))) return
      play('paid')
      this.openId = null
      this.tell(t('order.readied', { tail: tail(order) }))
    },

    change(order: DeskOrder, line_no: number, change: Pick['change']): void {
      picks.push({ id: order.id, line_no, change })
    },

    async pick({ id, line_no, change }: Pick): Promise<void> {
      const line = this.orders
        .find((order) => order.id === id)
        ?.lines.find((one) => one.line_no === line_no)
      if (!line) return
      const whole = { all: line.qty, none: 0 }
      const wanted = typeof change === 'string' ? whole[change] : line.picked_qty + change
      const picked_qty = Math.min(line.qty, Math.max(0, wanted))
      if (picked_qty === line.picked_qty) return
      if ((await this.send(id, 'pick', { line_no, picked_qty })) && picked_qty > 0) play('ok')
    },

    /** A reader was fired at the open order: the thing in hand goes into the bag, or is not of it. */
    scanned(code: string): void {
      const order = this.open
      if (order?.stage !== 'picking') return
      const line = lineOf(order, code)
      if (!line) {
        play('unknown')
        this.said = t('pick.notInOrder', { code })
      } else if (line.picked_qty >= line.qty) {
        play('blocked')
        this.said = t('pick.enough', { name: line.name })
      } else {
        this.change(order, line.line_no, step(line))
      }
    },
  },
})
