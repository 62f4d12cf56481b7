import { sentence } from '@web/api'
import type {
  DeskLine,
  DeskOrder,
  DeskOrders,
  DeskStage,
  DoneOrder,
  RefuseReason,
} from '@web/contract'
import { t, tOr } from '@web/i18n'
import { play } from '@web/sounds'
import { clock, serverNow } from '@web/time'
import { defineStore } from 'pinia'
import { concerns, readLabelsBy } from '../codes'
import { isPicked, lineOf, step, tail } from '../picking'
import { type Section, sectionOf } from '../sections'
import { api } from '../server'
import { dueAt } from '../time-left'
import { useOutbox } from './outbox'
import { useRinging } from './ringing'

export type View = 'all' | Section | 'done'

interface State {
  orders: DeskOrder[]
  loaded: boolean
  etag: string | null
  /** How many are open in all, and how many at most are asked for. */
  total: number
  most: number
  heardAt: number
  failures: number
  view: View
  /** A shelf, or goods, that the queue is narrowed to. */
  filter: string
  openId: number | null
  fresh: number[]
  busy: string
  said: string
  notice: string
  done: DoneOrder[]
  handedOver: string
  scanSaid: string
  /** What lies in a tote and belongs back on the shelf. */
  putBack: DeskLine[]
}

/** Open parcels are asked for in such portions, as many as there are, and at most so many in all. */
const PORTION = 200
const MOST = 2000
const EVERY_MS = 1500
const SLOWEST_MS = 10_000
/** Beyond this age what is shown may be long over: only an accepted wave goes on. */
export const STALE_MS = 60_000
const NOTICE_MS = 6000

/** Raised by every write, so that a list asked for before it cannot overwrite its answer. */
let turn = 0
let watching = 0
let wake: () => void = () => undefined

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
    total: 0,
    most: PORTION,
    heardAt: 0,
    failures: 0,
    view: 'all',
    filter: '',
    openId: null,
    fresh: [],
    busy: '',
    said: '',
    notice: '',
    done: [],
    handedOver: '',
    scanSaid: '',
    putBack: [],
  }),
  getters: {
    of: (state) => (wanted: DeskStage) => state.orders.filter((order) => order.stage === wanted),
    open: (state): DeskOrder | null =>
      state.orders.find((order) => order.id === state.openId) ?? null,
    /** Open parcels beyond the most that are asked for. */
    hidden: (state): number => Math.max(0, state.total - state.most),
    away: (state): boolean => state.failures > 0,
    /** What the queue shows: of the chosen column, and of the shelf or goods that were scanned, by the time left. */
    shown: (state): DeskOrder[] =>
      state.orders
        .filter((order) => state.view === 'all' || sectionOf(order) === state.view)
        .filter((order) => !state.filter || concerns(order, state.filter))
        .sort((one, other) => dueAt(one) - dueAt(other) || one.id - other.id),
    inSection: (state) => (section: Section) =>
      state.orders.filter((order) => sectionOf(order) === section),
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
        const { body, etag } = await api.getIfChanged<DeskOrders>(
          `/api/desk/parcels?most=${this.most}`,
          this.etag,
        )
        this.failures = 0
        this.heardAt = serverNow()
        if (body && asked === turn) {
          this.etag = etag
          readLabelsBy(body.layouts)
          this.take(body.parcels)
          this.reach(body.total)
        }
      } catch {
        this.failures += 1
      }
      if (!this.away) void useOutbox().flush()
    },

    /** Ask for as many as there are; at once when some were left out. */
    reach(total: number): void {
      this.total = total
      const most = Math.min(MOST, Math.max(1, Math.ceil(total / PORTION)) * PORTION)
      if (most === this.most) return
      const more = most > this.most
      Object.assign(this, { most, etag: null })
      if (more) this.refresh()
    },

    /** Too old to act on. */
    stale(now: number): boolean {
      return this.heardAt > 0 && now - this.heardAt > STALE_MS
    },

    take(orders: DeskOrder[]): void {
      const known = new Set(this.orders.map((order) => order.id))
      const come = orders.filter((order) => order.stage === 'new' && !known.has(order.id))
      const opened = this.open
      this.orders = orders.map((order) => this.overlaid(order))
      this.fresh = this.fresh.filter((id) => this.of('new').some((order) => order.id === id))
      if (this.loaded && come.length > 0) {
        this.fresh.push(...come.map((order) => order.id))
        useRinging().again()
      }
      this.loaded = true
      if (opened && !this.open && !this.busy) this.gone(opened)
      else if (this.said && opened && opened.stage !== this.open?.stage) this.movedOn()
    },

    /** An order with the picks that are still on their way to the server. */
    overlaid(order: DeskOrder): DeskOrder {
      const outbox = useOutbox()
      for (const line of order.lines)
        line.picked_qty = outbox.figure(order.id, line.line_no) ?? line.picked_qty
      return order
    },

    /** A step was refused because a colleague had been quicker: say where the order stands now. */
    movedOn(): void {
      const order = this.open
      if (!order) return
      const state = tOr(`state.${order.stage}`, order.stage)
      this.said =
        order.taken_by && order.accepted_at
          ? t('order.taken', { name: order.taken_by, at: clock(order.accepted_at), state })
          : t('order.moved', { state })
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
      this.filter = ''
      this.handedOver = ''
      if (view === 'done') void this.loadDone()
      else this.fresh = []
    },

    /** A bag was handed over: all of it ends in the list of what is done, of a part the rest stays. */
    handed(order: DeskOrder, partial: boolean): void {
      if (partial) this.tell(t('pickup.partly', { tail: tail(order) }))
      else {
        this.show('done')
        this.handedOver = order.no
      }
      this.refresh()
    },

    look(id: number | null): void {
      this.openId = id
      this.said = ''
      this.fresh = this.fresh.filter((one) => one !== id)
      if (id !== null) useRinging().acknowledge(serverNow(), [id])
    },

    async loadDone(): Promise<void> {
      try {
        this.done = (await api.get<{ parcels: DoneOrder[] }>('/api/desk/done')).parcels
      } catch (error) {
        this.tell(sentence(error))
      }
    },

    /** One write; its answer is the order as it now stands.  Throws what the server, or the network, says. */
    async write(id: number, verb: string, body: object, request_id?: string): Promise<void> {
      turn += 1
      try {
        const path = `/api/desk/parcels/${id}/${verb}`
        this.replace((await api.write<{ parcel: DeskOrder }>(path, body, request_id)).parcel)
      } finally {
        turn += 1
        this.etag = null
      }
    },

    /** False when refused or unanswered; `said` then tells why. */
    async send(id: number, verb: string, body: object = {}): Promise<boolean> {
      this.said = ''
      try {
        await this.write(id, verb, body)
        return true
      } catch (error) {
        play('blocked')
        this.said = sentence(error)
        return false
      } finally {
        this.refresh()
      }
    },

    replace(order: DeskOrder): void {
      const at = this.orders.findIndex((one) => one.id === order.id)
      const isOpen = sectionOf(order) !== null
      if (at >= 0) this.orders.splice(at, 1, ...(isOpen ? [this.overlaid(order)] : []))
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

    /** This store cannot send what an after-sales case is due: the case waits for another parcel. */
    async toCase(order: DeskOrder): Promise<void> {
      if (this.busy) return
      Object.assign(this, { busy: 'withdraw', said: '' })
      try {
        await api.write(`/api/desk/aftersales/${order.case_id}/withdraw`, {})
        this.openId = null
        this.tell(t('order.toCase', { tail: tail(order) }))
      } catch (error) {
        play('blocked')
        this.said = sentence(error)
      } finally {
        this.busy = ''
        this.refresh()
      }
    },

    async ready(order: DeskOrder): Promise<void> {
      if (!(await this.step(order, 'ready'))) return
      play('paid')
      this.openId = null
      this.tell(t('order.readied', { tail: tail(order) }))
    },

    /** So much more or fewer of a line, all of it, or none: seen at once, sent when there is a network. */
    change(order: DeskOrder, line_no: number, change: number | 'all' | 'none'): void {
      const line = this.orders
        .find((one) => one.id === order.id)
        ?.lines.find((one) => one.line_no === line_no)
      if (!line) return
      const most = line.qty - line.short_qty
      const whole = { all: most, none: 0 }
      const wanted = typeof change === 'string' ? whole[change] : line.picked_qty + change
      this.set(order.id, line_no, Math.min(most, Math.max(0, wanted)))
    },

    set(id: number, line_no: number, picked_qty: number): void {
      const line = this.orders
        .find((order) => order.id === id)
        ?.lines.find((one) => one.line_no === line_no)
      if (line?.picked_qty === picked_qty) return
      if (line) line.picked_qty = picked_qty
      if (picked_qty > 0) play('ok')
      useOutbox().put(id, line_no, picked_qty)
    },

    /** A reader was fired at the open order: the thing in hand goes into the bag, or is not of it. */
    scanned(code: string): void {
      const order = this.open
      if (order?.stage !== 'picking') return
      const line = lineOf(order, code)
      if (!line) {
        play('unknown')
        this.said = t('pick.notInOrder', { code })
      } else if (isPicked(line)) {
        play('blocked')
        this.said = t('pick.enough', { name: line.name })
      } else {
        this.change(order, line.line_no, step(line))
      }
    },
  },
})
