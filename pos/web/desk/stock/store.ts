import { sentence } from '@web/api'
import { t } from '@web/i18n'
import { oneAtATime } from '@web/one-at-a-time'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useOrders } from '../stores/orders'
import { useSession } from '../stores/session'
import type { Apart, Goods, Paper, Tab, Tally, Variance } from './contract'
import { fresh, oneMore, type Work, workOf } from './tally'

const ROOT = '/api/desk'

interface State {
  open: boolean
  tab: Tab
  papers: Paper[]
  apart: Apart[]
  loaded: boolean
  paper: Paper | null
  work: Work | null
  tally: Tally[]
  variances: Variance[] | null
  busy: boolean
  said: string
}

const FRESH = { paper: null, work: null, said: '' }

/** Counts, transfers, deliveries and what is not for sale: what store staff do with goods beside orders. */
export const useStock = defineStore('stock', {
  state: (): State => ({
    ...FRESH,
    open: false,
    tab: 'counts',
    papers: [],
    apart: [],
    loaded: false,
    tally: [],
    variances: null,
    busy: false,
  }),
  getters: {
    may: () => useSession().staff?.permissions.includes('stock.count') ?? false,
    mayPost: (): boolean => useSession().staff?.permissions.includes('stock.post') ?? false,
    store: (): number => useSession().staff?.store_id ?? 0,
  },
  actions: {
    async show(wanted?: Tab): Promise<void> {
      const tab = wanted ?? this.tab
      if (tab !== this.tab) Object.assign(this, { papers: [], apart: [], loaded: false })
      Object.assign(this, FRESH, { open: true, tab, tally: [], variances: null })
      if (tab === 'labels') return // a list of its own (`labels/`)
      try {
        const path = tab === 'apart' ? 'stock/quarantine' : `${tab}?most=50`
        const said = await api.get<Partial<Record<Tab, Paper[]>> & { goods?: Apart[] }>(
          `${ROOT}/${path}`,
        )
        if (tab !== this.tab) return // another tab was chosen meanwhile
        Object.assign(this, { apart: said.goods ?? [], papers: said[tab] ?? [], loaded: true })
      } catch (error) {
        this.said = sentence(error)
      }
    },

    leave(): void {
      Object.assign(this, FRESH, { open: false, tally: [] })
    },

    async look(id: number): Promise<void> {
      await this.run(async () => this.take(await this.read(id)))
    },

    async read(id: number): Promise<Paper> {
      const name = {
        counts: 'count',
        transfers: 'transfer',
        deliveries: 'delivery',
        apart: '',
        labels: '',
      }
      const said = await api.get<Record<string, Paper>>(`${ROOT}/${this.tab}/${id}`)
      return said[name[this.tab]] as Paper
    },

    take(paper: Paper): void {
      this.paper = paper
      this.work = workOf(this.tab, paper, this.store)
      this.tally = this.work && this.work !== 'count' ? fresh(paper, this.work) : []
      this.variances = null
    },

    begin(work: Work): void {
      Object.assign(this, FRESH, { work, tally: [] })
    },

    async find(code: string): Promise<Goods | null> {
      const path = `${ROOT}/stock/levels?most=1&q=${encodeURIComponent(code)}`
      return (await api.get<{ levels: Goods[] }>(path)).levels[0] ?? null
    },

    /** A thing in the hand: one more of it. */
    async scan(code: string): Promise<void> {
      if (!this.work) {
        play('unknown')
        return
      }
      this.said = ''
      try {
        const goods = await this.find(code.trim())
        const known = this.paper?.lines?.some((line) => line.sku_id === goods?.sku_id)
        if (!goods || (this.work === 'count' && !known)) {
          play('unknown')
          this.said = t(goods ? 'stock.notInCount' : 'swap.unknown', {
            code,
            name: goods?.name ?? '',
          })
          return
        }
        const arrives = this.work === 'receive' || this.work === 'deliver'
        this.tally = oneMore(this.tally, goods, arrives ? 0 : null)
        play('ok')
      } catch (error) {
        play('blocked')
        this.said = sentence(error)
      }
    },

    put(sku_id: number, qty: number, damaged?: number): void {
      const line = this.tally.find((one) => one.sku_id === sku_id)
      if (!line) return
      line.qty = Math.max(0, qty)
      line.damaged = Math.min(line.qty, Math.max(0, damaged ?? line.damaged))
    },

    async write(path: string, body: object = {}): Promise<Record<string, unknown> | null> {
      let said: Record<string, unknown> | null = null
      await this.run(async () => {
        said = await api.write<Record<string, unknown>>(`${ROOT}/${path}`, body)
        play('paid')
      })
      return said
    },

    /** A write that ends with the list, and a word of what it did. */
    async finish(path: string, body: object, done: string): Promise<void> {
      if ((await this.write(path, body)) === null) return
      await this.show(this.tab)
      useOrders().tell(done)
    },

    async beginCount(which: { due: true } | { shelf: string }): Promise<void> {
      const said = await this.write('counts', which)
      if (said) this.take(said.count as Paper)
    },

    async sendCount(): Promise<void> {
      const lines = this.tally.map(({ sku_id, qty }) => ({ sku_id, qty }))
      const said = await this.write(`counts/${this.paper?.id}/scans`, { lines })
      if (said) this.take(said.count as Paper)
    },

    async compare(): Promise<void> {
      await this.run(async () => {
        const path = `${ROOT}/counts/${this.paper?.id}/variances`
        this.variances = (await api.get<{ lines: Variance[] }>(path)).lines
      })
    },

    async again(): Promise<void> {
      const sku_ids = (this.variances ?? []).filter((one) => one.again).map((one) => one.sku_id)
      const said = await this.write(`counts/${this.paper?.id}/again`, { sku_ids })
      if (said) this.take(said.count as Paper)
    },

    run(work: () => Promise<void>): Promise<void> {
      return oneAtATime(this, work)
    },
  },
})
