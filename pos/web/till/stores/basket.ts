import { Refused, sentence, Unreachable } from '@web/api'
import type { Basket, CouponOffer, Item, Member, Quote, QuoteLine, SaleForm } from '@web/contract'
import { keep, kept } from '@web/kept'
import { guessLine } from '@web/money'
import { defineStore } from 'pinia'
import { markRaw, toRaw, watch } from 'vue'
import { capped, keyOf, lineFor, newKey } from '../scan/tags'
import { api } from '../server'
import { useAlone } from './alone'
import { asShown, canTake, couponsAfter, lostWith, toggled } from './coupons'
import { useExchange } from './exchange'
import { empty, type Kept, noted, nothing, type Wish } from './kept-basket'
import type { Line } from './line'
import { usePossession } from './possession'
import { declinedOf } from './promotions'
import { netsAt, useRules } from './rules'
import { useWallet } from './wallet'

export type { Line }

interface State extends Kept {
  quote: Quote | null
  /** `asking` until the server has priced exactly this basket. */
  pricing: 'done' | 'asking' | 'failed'
  said: string
  /** The line touched last, by its key: tinted, and kept in view. */
  touched: number | null
  chosen: number | null
  agreed: Wish
  /** What declining or restoring a promotion did to the price. */
  turned: { name: string; by_fen: number } | null
}

const RETRY_MS = 2000
/** A quote is good for ten minutes: a basket that lies there is priced again before. */
const PRICE_AGAIN_MS = 9 * 60_000
let again = 0

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
    agreed: nothing(),
    turned: null,
  }),
  getters: {
    isEmpty: (state): boolean => state.lines.length === 0,
    isPriced: (state): boolean => state.pricing === 'done' && state.quote !== null,
    selected: (state): Line | undefined =>
      state.lines.find((line) => keyOf(line) === state.chosen) ?? state.lines.at(-1),
    pieces: (state): number =>
      state.lines.reduce((sum, line) => sum + (line.weighed ? 1 : line.qty), 0),
    quoted: (state) => {
      const bought = state.quote?.lines.filter((line) => !line.gift) ?? []
      return (line: Line): QuoteLine | null => {
        const fits = (one?: QuoteLine) => one?.sku_id === line.sku_id && one.qty === line.qty
        const at = bought[state.lines.indexOf(line)]
        return (fits(at) ? at : bought.find(fits)) ?? null
      }
    },
    gifts: (state): QuoteLine[] => state.quote?.lines.filter((line) => line.gift) ?? [],
    /** What promotions, coupons, points and the discount took off together. */
    saved_fen: ({ quote }): number =>
      quote ? quote.promotion_fen + quote.coupon_fen + quote.points_fen + quote.discount_fen : 0,
    /** The promotions a digit declines or restores; the number of each stays when another is turned. */
    promotions: ({ quote }): { rule_id: number; name: string; barred: boolean }[] => {
      if (!quote) return []
      const took = quote.promotions.map((one) => ({ ...one, barred: false }))
      const declined = declinedOf(quote).map((one) => ({ ...one, barred: true }))
      return [...took, ...declined].sort((one, other) => one.rule_id - other.rule_id)
    },
    /** What the lines cost by the rules known here, while the server is still counting; else null. */
    instant(): readonly number[] | null {
      if (this.isPriced || this.points > 0 || this.discount_fen > 0 || this.coupon_ids.length > 0)
        return null
      return netsAt(useRules(), this.lines, this.member?.tier ?? null, this.barred)
    },
    /** The payable sum, or while the server is still counting that of the rules known here, shown greyed. */
    shownPayable(state): number {
      if (state.lines.length === 0) return 0
      if (this.isPriced && state.quote) return state.quote.payable_fen
      return state.lines.reduce((sum, line) => sum + this.amountOf(line), 0)
    },
    amountOf(): (line: Line) => number {
      return (line) =>
        this.instant?.[this.lines.indexOf(line)] ??
        this.quoted(line)?.net_fen ??
        capped(line, guessLine(line.price_fen, line.qty, line.weighed))
    },
    asked: (state): Basket => ({
      lines: state.lines.map(({ sku_id, qty, hand, tag, away }) => ({
        sku_id,
        qty,
        ...(hand && { hand }),
        ...(tag?.fen && { label: tag.code }),
        ...(away && { at_store_id: away.store_id }),
      })),
      member_id: state.member?.id || null,
      points: state.points,
      discount_fen: state.discount_fen,
      coupon_ids: state.coupon_ids,
      barred: state.barred,
      authorisation: state.authorisation,
    }),
    /** The same as a sale has it. */
    asSold(): Omit<SaleForm, 'expected_payable_fen' | 'token' | 'tenders'> {
      const { approvals, held, ticket } = this
      const lines = this.asked.lines.map((line, at) => ({ ...line, ...noted(this.lines[at]) }))
      return {
        ...this.asked,
        lines,
        ...(ticket.note && { note: ticket.note }),
        ...(ticket.print_notes && { print_notes: true }),
        ...(approvals.length && { approval_ids: approvals }),
        ...(held && { held }),
      }
    },
    spends: (state): boolean =>
      state.points > 0 || state.discount_fen > 0 || state.coupon_ids.length > 0,
    wish: ({ points, discount_fen, coupon_ids }): Wish => ({
      points,
      discount_fen,
      coupon_ids: [...coupon_ids],
    }),
  },
  actions: {
    add(item: Item, qty: number): void {
      const line = lineFor(this.lines, item)
      if (line) Object.assign(line, { qty: line.qty + qty, hand: undefined })
      else {
        const { barcode: _, free: __, ...known } = item
        this.lines.push({ ...known, qty, ...(item.tag && { key: newKey(this.lines) }) })
      }
      this.touched = keyOf(line ?? (this.lines.at(-1) as Line))
      this.chosen = this.touched
      this.changed()
    },

    /** Of a label that holds its weight or price nothing stays: it is not what it says any more. */
    setQuantity(key: number, qty: number): void {
      const line = this.lines.find((one) => keyOf(one) === key)
      if (!line) return
      if (qty <= 0) return this.remove(key)
      Object.assign(line, { qty, hand: undefined })
      if (line.tag) Object.assign(line.tag, { measured: false, fen: null })
      this.touched = key
      this.changed()
    },

    remove(key: number): void {
      const at = this.lines.findIndex((one) => keyOf(one) === key)
      if (at < 0) return
      this.lines.splice(at, 1)
      this.touched = null
      const next = this.lines[at] ?? this.lines.at(-1)
      this.chosen = next ? keyOf(next) : null
      if (this.lines.length === 0) Object.assign(this, nothing(), { barred: [] })
      this.changed()
    },

    choose(step: number): void {
      const at = this.selected ? this.lines.indexOf(this.selected) : -1
      const next = this.lines[Math.min(this.lines.length - 1, Math.max(0, at + step))]
      if (next) this.chosen = keyOf(next)
    },

    /** The same member once more, with their code: what was chosen stays. */
    setMember(member: Member | null, authorisation: string | null = null): void {
      const same = member !== null && this.member?.id === member.id
      const spends = { points: 0, coupon_ids: [], chosenCoupons: false }
      if (!same) Object.assign(this, spends, { authorisation })
      else if (authorisation) this.authorisation = authorisation
      this.member = member
      if (member && !member.known) void useWallet().load(member.id)
      this.changed()
    },

    /** Takes the member off the sale; the answer says in words what goes with them. */
    leaveMember(): string {
      const lost = lostWith(this.isPriced ? this.quote : null)
      this.setMember(null)
      return lost
    },

    usePoints(points: number): void {
      this.points = points
      this.changed()
    },

    chooseCoupons(ids: number[] | 'best'): void {
      this.chosenCoupons = ids !== 'best' || this.authorisation === null
      this.coupon_ids = ids === 'best' ? (this.quote?.best_coupon_ids ?? []) : ids
      this.changed()
    },

    /** One coupon on or off, by hand; one that cannot be used says why by staying as it is. */
    tapCoupon(one: CouponOffer | undefined): boolean {
      if (!one || !this.quote || !this.isPriced || !(one.applied || canTake(one))) return false
      this.chooseCoupons(toggled(this.quote, one))
      return true
    },

    /** Declines a promotion, or takes it again; `turned` says what that does to the price. */
    async turn(rule_id: number): Promise<void> {
      const one = this.promotions.find((other) => other.rule_id === rule_id)
      if (!one || !this.quote || !this.isPriced) return
      const { payable_fen } = this.quote
      this.turned = null
      this.barred = one.barred
        ? this.barred.filter((id) => id !== rule_id)
        : [...this.barred, rule_id]
      this.changed()
      await this.settled()
      if (this.isPriced && this.quote)
        this.turned = { name: one.name, by_fen: this.quote.payable_fen - payable_fen }
    },

    /** What was put aside is on the counter again. */
    fill(kept: Partial<Kept>): void {
      Object.assign(this, empty(), kept, { touched: null, chosen: null })
      if (this.member && !this.member.known) void useWallet().load(this.member.id)
      this.changed()
    },

    clear(): void {
      useExchange().end()
      Object.assign(this, empty(), { quote: null, pricing: 'done', said: '', touched: null })
      this.turned = null
      this.chosen = null
      this.agreed = nothing()
      keep('till.basket', null)
    },

    changed(): void {
      this.remember()
      void this.price()
    },

    remember(): void {
      // Raw: written at each scan, and through Vue's proxies a long basket takes ten times as long.
      const { quote, pricing, said, touched, chosen, agreed, turned, ...whole } = toRaw(this.$state)
      keep('till.basket', whole)
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
        // The line is drawn first.
        await new Promise((done) => setTimeout(done))
        do {
          asked = JSON.stringify(this.asked)
          if (this.lines.length === 0) break
          const quote = await this.ask()
          // What was scanned meanwhile has another price: the next answer is drawn, not this one too.
          if (asked !== JSON.stringify(this.asked)) continue
          this.quote = markRaw(quote)
          this.fit(this.quote)
        } while (asked !== JSON.stringify(this.asked))
        this.agree()
      } catch (error) {
        this.priceFailed(error, asked)
      }
    },

    /** The server's price; without network the till's own, where it may sell alone. */
    async ask(): Promise<Quote> {
      if (useExchange().isOn) return useExchange().ask(this.asked)
      const own = () =>
        useAlone().refuses()
          ? null
          : useAlone().quote(this.lines, this.member?.tier ?? null, this.barred, this.discount_fen)
      const alone = useAlone().isAlone ? own() : null
      if (alone) return alone
      try {
        const { quote } = await api.ask<{ quote: Quote }>('/api/pos/quote', this.asked)
        keep('till.rounding', quote.cash_rounding)
        return quote
      } catch (error) {
        const instead = error instanceof Unreachable ? own() : null
        if (instead) return instead
        throw error
      }
    },

    /** Something is here now that was missing: what could not be priced without network may be. */
    tryAgain(): void {
      if (this.pricing === 'failed') void this.price()
    },

    /** A label cheaper than this cashier may give counts no more; the coupons chosen are those that still fit. */
    fit(quote: Quote): void {
      const over = this.lines[(quote.needs_approval?.line_no ?? 0) - 1]
      if (over?.tag?.fen && !over.hand) Object.assign(over.tag, { fen: null, tooCheap: true })
      const next = couponsAfter(quote, this)
      if (asShown(next) === asShown(this.coupon_ids)) return
      this.coupon_ids = next
      this.remember()
    },

    /** Resolves once the server has priced the basket as it is, or could not. */
    async settled(): Promise<void> {
      while (this.pricing === 'asking')
        await new Promise((done) => watch(() => this.pricing === 'asking', done, { once: true }))
    },

    agree(): void {
      if (this.lines.length === 0) this.quote = null
      this.agreed = this.wish
      this.pricing = 'done'
      clearTimeout(again)
      again = window.setTimeout(() => void this.price(), PRICE_AGAIN_MS)
    },

    /** What was refused goes back to what was last agreed; a lost answer is asked again. */
    priceFailed(error: unknown, asked: string): void {
      this.pricing = 'failed'
      if (asked !== JSON.stringify(this.asked)) return void this.price()
      const said = sentence(error)
      if (error instanceof Refused && error.code === 'possession_needed') {
        usePossession().need(this.wish, said)
        this.authorisation = null
        this.backToAgreed()
        return
      }
      if (!(error instanceof Refused)) {
        setTimeout(() => this.pricing === 'failed' && void this.price(), RETRY_MS)
      } else if (this.spends) {
        this.backToAgreed()
      }
      this.said = said
    },

    backToAgreed(): void {
      const before = this.authorisation
        ? this.agreed
        : { ...this.agreed, points: 0, coupon_ids: [] }
      const tried = JSON.stringify(before) === JSON.stringify(this.wish)
      Object.assign(this, tried ? nothing() : before)
      this.changed()
    },
  },
})
