import { Refused, Unreachable } from '@web/api'
import type { Item } from '@web/contract'
import { t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { DEFAULT_LAYOUTS, type Read, read, unitsOf } from '@web/labels'
import { checkDigit } from '@web/labels/check-digit'
import { day, serverNow } from '@web/time'
import { defineStore } from 'pinia'
import { markRaw } from 'vue'
import { MOST } from '../catalogue/finder'
import { asItem, type Chunk, Goods, type Row } from '../catalogue/goods'
import { CatalogueStore } from '../catalogue/store'
import { answered, api } from '../server'
import { useBasket } from './basket'

interface Fed {
  version: number
  chunks: Chunk[]
  more: boolean
  labels: string[]
}

interface State {
  goods: Goods
  /** The version of the goods and prices this till sells by; 0 before the first are here. */
  version: number
  /** How many goods are here while they are still coming in. */
  coming: number
  ready: boolean
  /** How the scale labels of this store read. */
  layouts: readonly string[]
}

const EVERY_MS = 60_000
const TRIES = 5
const PAUSE_MS = 800
const REMEMBER_MS = 5 * 60_000

let store: CatalogueStore | null = null
let loading: Promise<void> | null = null
let worker: Worker | null = null
let watching = 0
/** What the server said of codes that are not here yet. */
const seen = new Map<string, { item: Item; at: number }>()
const answers = new Map<number, (found: number[]) => void>()
let asked = 0

/** The goods of the store in memory and on this device: scanning and searching ask nobody. */
export const useCatalogue = defineStore('catalogue', {
  state: (): State => ({
    goods: markRaw(new Goods()),
    version: 0,
    coming: 0,
    ready: false,
    layouts: kept<string[]>('till.layouts') ?? DEFAULT_LAYOUTS,
  }),
  actions: {
    /** What is kept here at once, then what changed, now and each minute until `stop`. */
    async watch(store_id: number): Promise<void> {
      watching += 1
      const mine = watching
      store ??= new CatalogueStore(store_id)
      loading ??= this.load(store_id)
      await loading
      while (mine === watching) {
        await this.refresh(store_id)
        await new Promise((done) => setTimeout(done, EVERY_MS))
      }
    },

    stop(): void {
      watching += 1
    },

    async load(store_id: number): Promise<void> {
      if (!store) return
      const [chunks, version] = await Promise.all([store.load(), store.version()])
      for (const chunk of chunks) this.goods.put(chunk)
      this.version = version
      this.ready = version > 0
      this.tellWorker(store_id)
      useBasket().tryAgain()
    },

    /** Fetch what is newer; without network what is here stays. */
    async refresh(store_id: number): Promise<void> {
      try {
        let more = true
        let changed = false
        while (more) {
          const fed = await api.get<Fed>(`/api/pos/catalogue?since=${this.version}`)
          if (fed.chunks.length > 0) await store?.keep(fed.chunks, fed.version)
          for (const chunk of fed.chunks) this.goods.put(chunk)
          this.setLayouts(fed.labels)
          changed ||= fed.chunks.length > 0
          this.version = fed.version
          this.coming = fed.more ? this.goods.size : 0
          more = fed.more
        }
        this.ready = this.version > 0
        if (changed) this.tellWorker(store_id)
      } catch {
        // Asked again in a minute; the till sells by what it has.
      }
    },

    setLayouts(layouts: string[]): void {
      if (String(layouts) === String(this.layouts)) return
      this.layouts = layouts
      keep('till.layouts', layouts)
    },

    tellWorker(store_id: number): void {
      worker ??= new Worker(new URL('../catalogue/finder.worker.ts', import.meta.url), {
        type: 'module',
      })
      worker.onmessage = ({ data }: MessageEvent<{ id: number; found: number[] }>) => {
        answers.get(data.id)?.(data.found)
        answers.delete(data.id)
      }
      worker.postMessage({ store_id })
    },

    /** What a code says, by the layouts of this store. */
    read(code: string): Read {
      const said = read(code, this.layouts, day(serverNow()))
      if ('wrong' in said) throw new Refused(400, said.wrong, t(`echo.wrong.${said.wrong}`), {})
      return said
    },

    /** The goods of a code that are here, at their price of this minute; null when it is not known here. */
    find(said: Read): Item | null {
      const row = this.goods.find(said.key)
      return row ? asItem(row, said.key, serverNow()) : null
    },

    /** Whether goods that are here bear a code; while they are still coming in, whether goods might. */
    sells(code: string): boolean {
      if (!this.ready) return code.at(-1) === checkDigit(code.slice(0, -1))
      return this.goods.find(code) !== undefined || this.goods.find(`0${code}`) !== undefined
    },

    /** The goods of a code: from here, or asked for, five times, where it is not known here yet. */
    async lookUp(code: string, onAgain: (tries: number) => void): Promise<Item> {
      if (!this.ready) await loading
      const said = this.read(code)
      const item = this.find(said) ?? (await this.ask(said.key, onAgain))
      const { label: measured, lot, serial, expires_on, fen, pieces } = said
      if (!measured && !lot && !serial && !expires_on && !pieces) return item
      const whole = !measured && !pieces
      const qty = whole ? item.qty : unitsOf(said, item.weighed, item.price_fen)
      return { ...item, qty, tag: { code, measured, lot, serial, expires_on, fen } }
    },

    async ask(key: string, onAgain: (tries: number) => void): Promise<Item> {
      const known = seen.get(key)
      if (known && Date.now() - known.at < REMEMBER_MS) return known.item
      // All goods of the store are here: without network nobody knows more, and the next scan must not wait.
      if (this.ready && !answered.value)
        throw new Refused(404, 'unknown_code', t('unknown.alone'), {})
      for (let tries = 1; ; tries += 1) {
        try {
          const path = `/api/pos/scan/${encodeURIComponent(key)}`
          const { item } = await api.get<{ item: Item }>(path)
          seen.set(key, { item, at: Date.now() })
          return item
        } catch (error) {
          if (!(error instanceof Unreachable) || tries === TRIES) throw error
          onAgain(tries)
          await new Promise((done) => setTimeout(done, PAUSE_MS))
        }
      }
    },

    async search(words: string): Promise<Item[]> {
      if (!this.ready) {
        const path = `/api/pos/search?q=${encodeURIComponent(words)}`
        return (await api.get<{ items: Item[] }>(path)).items
      }
      asked += 1
      const id = asked
      const found = await new Promise<number[]>((done) => {
        answers.set(id, done)
        worker?.postMessage({ id, words })
      })
      const rows = found.map((sku_id) => this.goods.row(sku_id)).filter((row): row is Row => !!row)
      return rows
        .map((row) => asItem(row, '', serverNow()))
        .filter((item): item is Item => item !== null)
        .slice(0, MOST)
    },
  },
})
