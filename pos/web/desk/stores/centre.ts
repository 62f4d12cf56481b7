import { Refused, sentence } from '@web/api'
import type { CentreDetail, CentreItem, CentreOverview, Queue } from '@web/contract-centre'
import { t, tOr } from '@web/i18n'
import { play } from '@web/sounds'
import { serverNow } from '@web/time'
import { defineStore } from 'pinia'
import { api } from '../server'
import { waitFor } from './orders'

const PATH = '/api/desk/centre'
const PAGE = 50
const MOST = 200
const EVERY_MS = 4000
const NOTICE_MS = 6000
/** Beyond this age what is shown may be long over: nothing is decided on it. */
const STALE_MS = 60_000

interface State {
  overview: CentreOverview | null
  queue: Queue
  kind: string
  mine: boolean
  items: CentreItem[]
  more: boolean
  size: number
  loaded: boolean
  at: string
  detail: CentreDetail | null
  /** On a narrow screen the item covers the list. */
  opened: boolean
  marked: string[]
  busy: string
  said: string
  /** A colleague has it: the button then takes it over. */
  taken: boolean
  notice: string
  heardAt: number
  failures: number
}

let watching = 0
let wake: () => void = () => undefined
const etags = new Map<string, string | null>()
/** Raised by every write and choice, so that a list asked for before cannot overwrite what came of it. */
let turn = 0

const pause = (ms: number) =>
  new Promise<void>((done) => {
    wake = done
    setTimeout(done, ms)
  })

/** The order centre: queues, the items of one, the item that is looked at, and what one does with it. */
export const useCentre = defineStore('centre', {
  state: (): State => ({
    overview: null,
    queue: 'review',
    kind: '',
    mine: false,
    items: [],
    more: false,
    size: PAGE,
    loaded: false,
    at: '',
    detail: null,
    opened: false,
    marked: [],
    busy: '',
    said: '',
    taken: false,
    notice: '',
    heardAt: 0,
    failures: 0,
  }),
  getters: {
    away: (state): boolean => state.failures > 0,
    index: (state): number => state.items.findIndex((item) => item.ref === state.at),
    /** Of the whole of what is asked: its address. */
    query: (state): string => {
      const asked = new URLSearchParams({ queue: state.queue, most: String(state.size) })
      if (state.kind) asked.set('kind', state.kind)
      if (state.mine) asked.set('mine', 'true')
      return `${PATH}/items?${asked}`
    },
  },
  actions: {
    /** Too old to decide on; asked at the moment of acting. */
    stale(now: number): boolean {
      return this.failures > 0 && now - this.heardAt > STALE_MS
    },

    async watch(): Promise<void> {
      watching += 1
      const mine = watching
      etags.clear()
      while (mine === watching) {
        const asked = turn
        await this.poll()
        // What was chosen while the answer was on its way is asked for at once.
        if (asked === turn) await pause(this.failures ? waitFor(this.failures) : EVERY_MS)
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
      const query = this.query
      try {
        const overview = await this.changed<CentreOverview>(PATH)
        if (overview) this.overview = overview
        const page = await this.changed<{ items: CentreItem[]; after: string }>(query)
        this.failures = 0
        this.heardAt = serverNow()
        if (page && asked === turn) this.take(page.items, page.after !== '')
        else if (page) etags.delete(query)
      } catch {
        this.failures += 1
      }
    },

    async changed<T>(path: string): Promise<T | null> {
      const { body, etag } = await api.getIfChanged<T>(path, etags.get(path) ?? null)
      etags.set(path, etag)
      return body
    },

    take(items: CentreItem[], more: boolean): void {
      const before = this.index
      this.items = items
      this.more = more && this.size < MOST
      this.loaded = true
      const there = new Set(items.map((item) => item.ref))
      this.marked = this.marked.filter((ref) => there.has(ref))
      if (!there.has(this.at))
        this.look(items[Math.min(Math.max(before, 0), items.length - 1)]?.ref)
      else if (this.detail) void this.load()
    },

    choose(queue: Queue, kind = ''): void {
      turn += 1
      this.$patch({ queue, kind, size: PAGE, loaded: false, items: [], marked: [], opened: false })
      this.look(undefined)
      etags.delete(this.query)
      this.refresh()
    },

    onlyMine(mine: boolean): void {
      this.mine = mine
      this.choose(this.queue, this.kind)
    },

    showMore(): void {
      this.size = Math.min(MOST, this.size + PAGE)
      this.refresh()
    },

    /** Look at an item; its order and history follow. */
    look(ref: string | undefined, open = false): void {
      if (this.at !== ref) this.detail = null
      this.$patch({ at: ref ?? '', said: '', taken: false })
      if (open) this.opened = true
      if (ref) void this.load()
      else this.opened = false
    },

    async load(): Promise<void> {
      const ref = this.at
      try {
        const { item } = await api.get<{ item: CentreDetail }>(`${PATH}/items/${ref}`)
        if (ref === this.at && !this.busy) this.detail = item
      } catch (error) {
        if (ref === this.at) this.said = sentence(error)
      }
    },

    /** To the next item, or the one before; stays at either end. */
    step(by: number): void {
      const next = this.items[Math.min(this.items.length - 1, Math.max(0, this.index + by))]
      if (next) this.look(next.ref)
    },

    mark(ref: string): void {
      const had = this.marked.includes(ref)
      this.marked = had ? this.marked.filter((one) => one !== ref) : [...this.marked, ref]
    },

    /** One write to the item that is looked at; true when it was done. */
    async send(verb: string, body: object): Promise<boolean> {
      if (this.busy || !this.at || this.stale(serverNow())) return false
      const ref = this.at
      this.$patch({ busy: verb, said: '', taken: false })
      turn += 1
      try {
        const path = `${PATH}/items/${ref}/${verb}`
        const { item } = await api.write<{ item: CentreDetail }>(path, body)
        play('ok')
        this.became(item)
        return true
      } catch (error) {
        play('blocked')
        this.said = sentence(error)
        this.taken = error instanceof Refused && error.code === 'exception_taken'
        return false
      } finally {
        this.busy = ''
        turn += 1
        etags.delete(this.query)
        this.refresh()
      }
    },

    /** What is dealt with leaves the list, and the next one is looked at. */
    became(item: CentreDetail): void {
      const at = this.items.findIndex((one) => one.ref === item.ref)
      if (!item.resolved_at) {
        if (at >= 0) this.items.splice(at, 1, item)
        if (this.at === item.ref) this.detail = item
        return
      }
      if (at >= 0) this.items.splice(at, 1)
      this.opened = false
      this.look(this.items[Math.min(at, this.items.length - 1)]?.ref)
    },

    async remedy(name: string, note = '', given: Record<string, number> = {}): Promise<boolean> {
      const done = await this.send('remedy', { remedy: name, note, given })
      if (done) this.tell(t('centre.did', { what: tOr(`centre.way.${name}`, name) }))
      return done
    },

    async answer(over = false): Promise<void> {
      await this.send('take', { over })
    },

    async note(words: string): Promise<boolean> {
      return this.send('note', { note: words })
    },

    async resolve(words: string): Promise<boolean> {
      const done = await this.send('resolve', { note: words })
      if (done) this.tell(t('centre.did', { what: t('centre.resolve') }))
      return done
    },

    /** Let every marked order go on; those that cannot stay marked. */
    async releaseMarked(): Promise<void> {
      if (this.busy || this.stale(serverNow())) return
      this.$patch({ busy: 'release', said: '' })
      turn += 1
      try {
        const path = `${PATH}/release`
        const asked = { refs: this.marked }
        const { done } = await api.write<{ done: Record<string, string> }>(path, asked)
        const codes = Object.values(done)
        const left = codes.filter(Boolean).length
        this.marked = []
        play(left ? 'blocked' : 'ok')
        this.tell(
          t(left ? 'centre.someStayed' : 'centre.released', { n: codes.length - left, left }),
        )
      } catch (error) {
        this.said = sentence(error)
      } finally {
        this.busy = ''
        turn += 1
        etags.delete(this.query)
        this.refresh()
      }
    },

    tell(text: string): void {
      this.notice = text
      setTimeout(() => {
        if (this.notice === text) this.notice = ''
      }, NOTICE_MS)
    },
  },
})
