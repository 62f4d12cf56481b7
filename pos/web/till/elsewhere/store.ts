import { Refused, sentence, Unreachable } from '@web/api'
import type { AwayAddress, AwayMode, AwayWay, Item, OtherStore, Reservation } from '@web/contract'
import { t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { watch } from 'vue'
import { kindOf } from '../scan/kinds'
import { keyOf, newKey } from '../scan/tags'
import { api } from '../server'
import { type Line, useBasket } from '../stores/basket'
import { useCatalogue } from '../stores/catalogue'
import { useCounter } from '../stores/counter'

/** What is looked for: goods and how many, and the line of the ticket that they are. */
export interface Subject {
  item: Omit<Line, 'qty' | 'hand' | 'key' | 'tag' | 'away'>
  qty: number
  key: number | null
}

interface State {
  subject: Subject | null
  stores: OtherStore[]
  at: number
  state: 'empty' | 'asking' | 'done' | 'offline' | 'refused'
  said: string
  way: AwayWay
  /** What the server keeps in other stores while the customer pays. */
  reservation: Reservation | null
  reserving: boolean
}

const WAY = 'till.away'
const ADDRESS = 'till.away.region'
const nothing = (): AwayWay => ({ mode: 'pickup', address: null })
let asked = 0
let watching = false

/** Where else goods are, and selling them from there. */
export const useElsewhere = defineStore('elsewhere', {
  state: (): State => ({
    subject: null,
    stores: [],
    at: 0,
    state: 'empty',
    said: '',
    way: kept<AwayWay>(WAY) ?? nothing(),
    reservation: null,
    reserving: false,
  }),
  getters: {
    chosen: (state): OtherStore | undefined => state.stores[state.at],
    /** Lines of the ticket that other stores hand over. */
    lines: (): Line[] => useBasket().lines.filter((line) => line.away),
    /** The ticket's line of the goods that are looked for. */
    line: ({ subject }): Line | undefined =>
      useBasket().lines.find((one) => keyOf(one) === subject?.key),
    any(): boolean {
      return this.lines.length > 0
    },
    /** What a sale says of them; empty where everything is carried out. */
    form(state): { elsewhere?: AwayWay } {
      return this.any ? { elsewhere: state.way } : {}
    },
    /** Why goods cannot come from the chosen store; empty when they can. */
    whyNot(): string {
      const { subject, chosen, way } = this
      if (!subject || !chosen) return t('away.chooseStore')
      if (subject.item.weighed) return t('away.weighed')
      if (chosen.paused) return t('away.paused')
      if (chosen.free < subject.qty) return t('away.tooFew', { n: chosen.free })
      return chosen.modes.includes(way.mode) ? '' : t('away.notThisWay')
    },
    /** District and its code, as last typed at this till. */
    lastRegion: (): Pick<AwayAddress, 'region' | 'region_name'> =>
      kept(ADDRESS) ?? { region: '', region_name: '' },
  },
  actions: {
    /** F11: for the found goods, else for the line that is chosen, else for whatever is scanned in the sheet. */
    open(): void {
      const counter = useCounter()
      const found = counter.results[counter.resultAt]
      const line = found ? undefined : useBasket().selected
      counter.endSearch()
      this.said = ''
      if (found) void this.look(found, 1)
      else if (line) void this.look(line, line.qty, keyOf(line))
      else Object.assign(this, { subject: null, stores: [], state: 'empty' })
      counter.sheet = 'elsewhere'
    },

    /** `key` is the line that they are; goods that other stores hand over already are looked up with theirs. */
    async look(
      goods: Subject['item'] | Line | Item,
      qty: number,
      wanted: number | null = null,
    ): Promise<void> {
      const { sku_id, name, spec, unit, weighed, price_fen, picture, steps, category_id } = goods
      const more = { ...(steps && { steps }), ...(category_id !== undefined && { category_id }) }
      const item = { sku_id, name, spec, unit, weighed, price_fen, picture, ...more }
      asked += 1
      const mine = asked
      const before = this.lines.find((line) => line.sku_id === sku_id)
      const key = wanted ?? (before ? keyOf(before) : null)
      const subject = { item, qty, key }
      Object.assign(this, { subject, stores: [], at: 0, state: 'asking', said: '' })
      try {
        const path = `/api/pos/skus/${sku_id}/stores`
        const { stores } = await api.get<{ stores: OtherStore[] }>(path)
        if (mine !== asked) return
        const from = this.line?.away?.store_id
        const first = stores.findIndex((one) => (from ? one.store_id === from : one.free >= qty))
        Object.assign(this, { stores, at: Math.max(0, first), state: 'done' })
      } catch (error) {
        if (mine !== asked) return
        this.state = error instanceof Unreachable ? 'offline' : 'refused'
        this.said = sentence(error)
      }
    },

    /** Code or words typed in the sheet. */
    async enter(text: string): Promise<void> {
      this.said = ''
      try {
        const catalogue = useCatalogue()
        const code = ['goods', 'gs1'].includes(kindOf(text, catalogue) ?? '')
        const item = code
          ? await catalogue.lookUp(text, () => undefined)
          : (await catalogue.search(text))[0]
        if (item) return await this.look(item, 1)
        this.fail(t('echo.noneFound', { text }))
      } catch (error) {
        this.fail(sentence(error))
      }
    },

    fail(said: string): void {
      play('unknown')
      this.said = said
    },

    choose(step: number): void {
      this.at = Math.min(this.stores.length - 1, Math.max(0, this.at + step))
      this.said = ''
    },

    more(step: number): void {
      if (this.subject) this.subject.qty = Math.max(1, this.subject.qty + step)
      this.said = ''
    },

    setMode(mode: AwayMode): void {
      this.way = { ...this.way, mode }
      this.said = ''
      this.remember()
    },

    setAddress(address: AwayAddress): void {
      const { region, region_name } = address
      keep(ADDRESS, { region, region_name })
      this.way = { ...this.way, address }
      this.remember()
    },

    remember(): void {
      keep(WAY, this.any ? this.way : null)
    },

    /** The goods are on the ticket, from the chosen store: nothing is kept there until somebody pays. */
    take(): boolean {
      const { subject, chosen } = this
      if (this.whyNot || !subject || !chosen) {
        play('blocked')
        this.said = this.whyNot
        return false
      }
      const { store_id, name } = chosen
      this.put(subject, { store_id, store_name: name })
      play('ok')
      useCounter().sheet = null
      useCounter().say('ok', t('away.taken', { name: subject.item.name, store: name }))
      return true
    },

    /** The customer carries it out after all. */
    bringBack(): void {
      if (!this.subject || !this.line) return
      this.put(this.subject)
      useCounter().sheet = null
    },

    put({ item, qty }: Subject, away?: Line['away']): void {
      const basket = useBasket()
      const key = away || this.line?.tag ? (this.line?.key ?? newKey(basket.lines)) : undefined
      if (this.line) Object.assign(this.line, { qty, away, key })
      else basket.lines.push({ ...item, qty, ...(away && { away, key }) })
      Object.assign(basket, { touched: key ?? item.sku_id, chosen: key ?? item.sku_id })
      basket.changed()
      this.remember()
    },

    /** The first step of paying: what other stores hand over is kept there, or the words why not. */
    async reserve(): Promise<string> {
      if (!this.any) return ''
      this.mind()
      this.reserving = true
      try {
        const lines = this.lines.map(({ sku_id, qty, away }) => ({
          sku_id,
          qty,
          at_store_id: away?.store_id,
        }))
        const body = { lines, elsewhere: this.way }
        const path = '/api/pos/reservations'
        const { reservation } = await api.write<{ reservation: Reservation }>(path, body)
        this.reservation = reservation
        return ''
      } catch (error) {
        return this.refusedWords(error)
      } finally {
        this.reserving = false
      }
    },

    refusedWords(error: unknown): string {
      if (error instanceof Unreachable) return t('away.noNetwork')
      if (!(error instanceof Refused) || error.code !== 'out_of_stock') return sentence(error)
      const skus = (error.facts.sku_ids ?? []) as number[]
      const line = this.lines.find((one) => skus.includes(one.sku_id))
      return line?.away
        ? t('away.gone', { store: line.away.store_name, name: line.name })
        : sentence(error)
    },

    /** Whatever is kept goes when the customer thinks again; a sale that is under way keeps it. */
    mind(): void {
      if (watching) return
      watching = true
      const counter = useCounter()
      watch(
        () => counter.panel,
        (panel) => {
          if (panel === 'entry' && this.reservation) void this.release()
          if (panel === 'receipt') Object.assign(this, { reservation: null, way: nothing() })
        },
      )
    },

    async release(): Promise<void> {
      this.reservation = null
      // Without an answer it ends by itself after ten minutes.
      await api.write('/api/pos/reservations/release', {}).catch(() => undefined)
    },
  },
})
