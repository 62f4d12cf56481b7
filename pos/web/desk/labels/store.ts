import { sentence } from '@web/api'
import { t } from '@web/i18n'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { nextTick } from 'vue'
import { api } from '../server'
import { useSession } from '../stores/session'

const ROOT = '/api/desk/prices'
const AHEAD_H = 7 * 24

/** One label: what the shelf should say, and what it says. */
export interface Label {
  /** Unique in its list: goods whose price changes twice this week stand in it twice. */
  key: string
  sku_id: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  shelf: string
  barcode: string | null
  price_fen: number
  old_fen: number | null
  /** From when on the price counts; of prices that count already it may be unknown. */
  from_at: string | null
}

export interface Honoured {
  at: string
  store_name: string
  order_id: number
  sku_id: number
  name: string
  spec: string
  before_fen: number
  after_fen: number
  off_fen: number
  cashier: string | null
}

type Goods = Omit<Label, 'key' | 'price_fen' | 'old_fen' | 'from_at'>
type Todo = Goods & { price_fen: number; label_fen: number | null; since: string | null }
type Turn = Goods & { at: string; new_fen: number; old_fen: number | null }

export type List = 'todo' | 'coming' | 'honoured'
export const LISTS: readonly List[] = ['todo', 'coming', 'honoured']
export type Sheet = 'a4' | 'roll'

interface State {
  list: List
  todo: Label[]
  coming: Label[]
  honoured: Honoured[]
  loaded: boolean
  chosen: Set<string>
  printing: { sheet: Sheet; labels: Label[] } | null
  busy: boolean
  said: string
  done: string
}

/** Labels of prices that changed, those that will change, and shelf prices that were honoured. */
export const useLabels = defineStore('labels', {
  state: (): State => ({
    list: 'todo',
    todo: [],
    coming: [],
    honoured: [],
    loaded: false,
    chosen: new Set(),
    printing: null,
    busy: false,
    said: '',
    done: '',
  }),
  getters: {
    mayHang: () => useSession().staff?.permissions.includes('pos.label') ?? false,
    labels(): Label[] {
      return this.list === 'coming' ? this.coming : this.todo
    },
    picked(): Label[] {
      return this.labels.filter((one) => this.chosen.has(one.key))
    },
  },
  actions: {
    async load(): Promise<void> {
      this.said = ''
      try {
        const [now, next, past] = await Promise.all([
          api.get<{ unlabelled: Todo[] }>(`${ROOT}/unlabelled`),
          api.get<{ coming: Turn[] }>(`${ROOT}/coming?hours=${AHEAD_H}`),
          api.get<{ honoured: Honoured[] }>(`${ROOT}/honoured`),
        ])
        this.todo = now.unlabelled.map(asLabel)
        this.coming = next.coming.map(asComing)
        this.honoured = past.honoured
        this.loaded = true
        this.choose(true)
      } catch (error) {
        this.said = sentence(error)
      }
    },

    show(list: List): void {
      this.list = list
      this.done = ''
      this.choose(true)
    },

    choose(all: boolean): void {
      this.chosen = new Set(all ? this.labels.map((one) => one.key) : [])
    },

    turn(key: string): void {
      if (!this.chosen.delete(key)) this.chosen.add(key)
    },

    async print(sheet: Sheet): Promise<void> {
      this.printing = { sheet, labels: this.picked }
      await nextTick()
      window.print()
    },

    /** They hang on the shelf: the till's price and the label's are one again. */
    async hang(): Promise<void> {
      const sku_ids = this.picked.map((one) => one.sku_id)
      if (sku_ids.length === 0 || this.busy) return
      this.busy = true
      this.said = ''
      try {
        const { unlabelled } = await api.write<{ unlabelled: Todo[] }>(`${ROOT}/labels`, {
          sku_ids,
        })
        this.todo = unlabelled.map(asLabel)
        this.done = t('labels.hung', { n: sku_ids.length })
        this.choose(true)
        play('ok')
      } catch (error) {
        this.said = sentence(error)
      } finally {
        this.busy = false
      }
    },
  },
})

function asLabel(one: Todo): Label {
  return { ...one, key: String(one.sku_id), old_fen: one.label_fen, from_at: one.since }
}

function asComing(one: Turn): Label {
  return { ...one, key: `${one.sku_id}-${one.at}`, price_fen: one.new_fen, from_at: one.at }
}
