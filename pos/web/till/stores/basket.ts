import { Refused, sentence } from '@web/api'
import type { Basket, Item, Member, Quote, QuoteLine } from '@web/contract'
import { keep, kept } from '@web/kept'
import { guessLine } from '@web/money'
import { defineStore } from 'pinia'
import { watch } from 'vue'
import { api } from '../server'

/** What the cashier sees of a line before, and without, the server's answer. */
export interface Line {
  sku_id: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  price_fen: number
  qty: number
  picture: string
}

interface Kept {
  lines: Line[]
  member: Member | null
  points: number
  discount_fen: number
  /** Leave to spend what the member holds: from their code, for one sale at this till. */
  authorisation: string | null
}

interface State extends Kept {
  quote: Quote | null
  /** `asking` until the server has priced exactly this basket. */
  pricing: 'done' | 'asking' | 'failed'
  said: string
  /** The sku touched last: tinted, and kept in view. */
  touched: number | null
  chosen: number | null
  agreed: { points: number; discount_fen: number }
}

const RETRY_MS = 2000

const empty = (): Kept => ({
  lines: [],
  member: null,
  points: 0,
  discount_fen: 0,
  authorisation: null,
})

/** The goods on the counter, and what the server says they cost. */
export const useBasket = defineStore('basket', {
  state: (): State => ({
    ...empty(),
    ...kept<Kept>('till.basket'),
    quote: null,
    pricing: 'done',
    said: '',
    touched: null,
    chosen: null,
    agreed: { points: 0, discount_fen: 0 },
  }),
  getters: {
    isEmpty: (state): boolean => state.lines.length === 0,
    isPriced: (state): boolean => state.pricing === 'done' && state.quote !== null,
    selected: (state): Line | undefined =>
      state.lines.find((line) => line.sku_id === state.chosen) ?? state.lines.at(-1),
    pieces: (state): number =>
      state.lines.reduce((sum, line) => sum + (line.weighed ? 1 : line.qty), 0),
    quoted: (state) => {
      const by = new Map(state.quote?.lines.map((line) => [line.sku_id, line]))
      return (line: Line): QuoteLine | null => {
        const found = by.get(line.sku_id)
        return found && found.qty === line.qty ? found : null
      }
    },
    /** The payable sum, or while the server is still counting a guess that is shown greyed. */
    shownPayable(state): number {
      if (state.lines.length === 0) return 0
      if (this.isPriced && state.quote) return state.quote.payable_fen
      return state.lines.reduce((sum, line) => sum + this.amountOf(line), 0)
    },
    amountOf(): (line: Line) => number {
      return (line) =>
        this.quoted(line)?.net_fen ?? guessLine(line.price_fen, line.qty, line.weighed)
    },
    asked: (state): Basket => ({
      lines: state.lines.map(({ sku_id, qty }) => ({ sku_id, qty })),
      member_id: state.member?.id ?? null,
      points: state.points,
      discount_fen: state.discount_fen,
      authorisation: state.authorisation,
    }),
  },
  actions: {
    add(item: Item, qty: number): void {
      const line = this.lines.find((one) => one.sku_id === item.sku_id)
      if (line) line.qty += qty
      else {
        const { sku_id, name, spec, unit, weighed, price_fen, picture } = item
        this.lines.push({ sku_id, name, spec, unit, weighed, price_fen, picture, qty })
      }
      this.touched = item.sku_id
      this.chosen = item.sku_id
      this.changed()
    },

    setQuantity(sku_id: number, qty: number): void {
      const line = this.lines.find((one) => one.sku_id === sku_id)
      if (!line) return
      if (qty <= 0) return this.remove(sku_id)
      line.qty = qty
      this.touched = sku_id
      this.changed()
    },

    remove(sku_id: number): void {
      const at = this.lines.findIndex((one) => one.sku_id === sku_id)
      if (at < 0) return
      this.lines.splice(at, 1)
      this.touched = null
      this.chosen = (this.lines[at] ?? this.lines.at(-1))?.sku_id ?? null
      if (this.lines.length === 0) Object.assign(this, { points: 0, discount_fen: 0 })
      this.changed()
    },

    choose(step: number): void {
      const at = this.lines.findIndex((one) => one.sku_id === this.selected?.sku_id)
      const next = this.lines[Math.min(this.lines.length - 1, Math.max(0, at + step))]
      if (next) this.chosen = next.sku_id
    },

    setMember(member: Member | null, authorisation: string | null = null): void {
      this.member = member
      this.authorisation = authorisation
      this.points = 0
      this.changed()
    },

    usePoints(points: number): void {
      this.points = points
      this.changed()
    },

    takeOff(discount_fen: number): void {
      this.discount_fen = discount_fen
      this.changed()
    },

    clear(): void {
      Object.assign(this, empty(), { quote: null, pricing: 'done', said: '', touched: null })
      this.chosen = null
      this.agreed = { points: 0, discount_fen: 0 }
      keep('till.basket', null)
    },

    changed(): void {
      const { lines, member, points, discount_fen, authorisation } = this
      keep('till.basket', { lines, member, points, discount_fen, authorisation })
      void this.price()
    },

    /** Ask the server until it has priced the basket as it now is; one question at a time. */
    async price(): Promise<void> {
      const running = this.pricing === 'asking'
      this.said = ''
      if (this.lines.length === 0) {
        this.quote = null
        this.pricing = running ? 'asking' : 'done'
        return
      }
      this.pricing = 'asking'
      if (running) return
      let asked = ''
      try {
        do {
          asked = JSON.stringify(this.asked)
          if (this.lines.length === 0) break
          this.quote = (await api.ask<{ quote: Quote }>('/api/pos/quote', this.asked)).quote
        } while (asked !== JSON.stringify(this.asked))
        this.agree()
      } catch (error) {
        this.priceFailed(error, asked)
      }
    },

    /** Resolves once the server has priced the basket as it is, or could not. */
    async settled(): Promise<void> {
      if (this.pricing !== 'asking') return
      await new Promise((done) => watch(() => this.pricing === 'asking', done, { once: true }))
    },

    agree(): void {
      if (this.lines.length === 0) this.quote = null
      this.agreed = { points: this.points, discount_fen: this.discount_fen }
      this.pricing = 'done'
    },

    /** A refused discount or points go back to what was last agreed; a lost answer is asked again. */
    priceFailed(error: unknown, asked: string): void {
      this.pricing = 'failed'
      if (asked !== JSON.stringify(this.asked)) return void this.price()
      const said = sentence(error)
      if (!(error instanceof Refused)) {
        setTimeout(() => this.pricing === 'failed' && void this.price(), RETRY_MS)
      } else if (this.points || this.discount_fen) {
        this.backToAgreed()
      }
      this.said = said
    },

    backToAgreed(): void {
      const { points, discount_fen } = this.agreed
      const tried = points === this.points && discount_fen === this.discount_fen
      Object.assign(this, tried ? { points: 0, discount_fen: 0 } : this.agreed)
      this.changed()
    },
  },
})
