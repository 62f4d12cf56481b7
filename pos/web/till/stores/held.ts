import { Refused, sentence, Unreachable } from '@web/api'
import type { HeldChange, HeldHand, HeldShown, Member } from '@web/contract'
import { type Key, t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { yuan } from '@web/money'
import { requestId } from '@web/request-id'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { answered, api } from '../server'
import { useApproval } from './approval'
import { useBasket } from './basket'
import { useCounter } from './counter'
import { type Aside, asForm, asLine, asShown, changesOf, type TakenLine } from './held-form'

/** What the server answers to a basket put aside. */
type Shared = HeldHand & Pick<HeldShown, 'state'>

interface TakenUp {
  held: HeldHand & {
    lines: TakenLine[]
    member: Member | null
    discount_fen: number
    barred: number[]
    note: string
    print_notes: boolean
  }
  changes: HeldChange[]
}

interface State {
  here: Aside[]
  shared: HeldShown[]
  /** Which of the list the keys are at. */
  at: number
  changes: HeldChange[]
  /** Why it was not taken up. */
  said: string
  /** Why the list is not the store's. */
  lost: string
  busy: boolean
  /** What the cashier wanted that another till edits: a manager may let them take it over. */
  elsewhere: HeldShown | null
}

const KEPT = 'till.held'
const EVERY_MS = 5_000
const RENEW_MS = 4 * 60_000
const TAKE_OVER: readonly Key[] = ['held.reason.broken', 'held.reason.gone', 'held.reason.waiting']
const OLD_PRICE: readonly Key[] = ['held.reason.promised', 'discount.reason.goodwill']

let watching = 0
let renewed = 0
let sharing: Promise<void> | null = null
let listing: Promise<void> | null = null
/** Only the answer to the last question counts. */
let asked = 0

/** Baskets put aside (挂单): here at once, and shared with the store's other tills as soon as there is a network. */
export const useHeld = defineStore('held', {
  state: (): State => ({
    here: kept<Aside[]>(KEPT) ?? [],
    shared: [],
    at: 0,
    changes: [],
    said: '',
    lost: '',
    busy: false,
    elsewhere: null,
  }),
  getters: {
    /** What only this till has comes first. */
    list(): HeldShown[] {
      const ids = new Set(this.here.map((one) => one.id))
      return [...this.here.map(asShown), ...this.shared.filter((one) => !ids.has(one.id))]
    },
    chosen(): HeldShown | undefined {
      return this.list[this.at]
    },
  },
  actions: {
    /** Share what is only here and keep the lease of what is on the counter, until `stop`. */
    async watch(): Promise<void> {
      watching += 1
      const mine = watching
      while (mine === watching) {
        if (answered.value) await this.share()
        if (answered.value && Date.now() - renewed > RENEW_MS) await this.renew()
        await new Promise((done) => setTimeout(done, EVERY_MS))
      }
    },

    stop(): void {
      watching += 1
    },

    keepHere(): void {
      keep(KEPT, this.here.length > 0 ? this.here : null)
    },

    /** F6: the basket goes aside and the counter is free; with nothing in it, what is aside is shown. */
    hold(): void {
      const basket = useBasket()
      const counter = useCounter()
      if (basket.isEmpty) return void this.open()
      const { lines, member, discount_fen, barred, held, ticket, shownPayable } = basket
      const hand = held ?? { id: requestId(), version: 0 }
      const held_at = new Date().toISOString()
      const aside = { lines: [...lines], member, discount_fen, barred: [...barred], ticket }
      const shown = lines.map((line) => ({ name: line.name, net_fen: basket.amountOf(line) }))
      this.here.push({ ...hand, ...aside, shown, payable_fen: shownPayable, held_at })
      this.keepHere()
      basket.clear()
      counter.panel = 'entry'
      counter.say('ok', t('held.done', { amount: yuan(shownPayable) }))
      play('ok')
      void this.share()
    },

    /** Once each, one after the other: told again it is answered as it stands. */
    share(): Promise<void> {
      sharing ??= this.shareAll().finally(() => {
        sharing = null
      })
      return sharing
    },

    async shareAll(): Promise<void> {
      for (const one of this.here.filter((aside) => !aside.refused)) {
        try {
          const { held } = await api.write<{ held: Shared }>('/api/pos/held', asForm(one))
          this.isShared(one, held)
        } catch (error) {
          if (!(error instanceof Refused)) return
          const known = this.here.find((other) => other.id === one.id)
          if (known) known.refused = error.message
        }
        this.keepHere()
      }
      if (useCounter().sheet === 'held') await this.load()
    },

    /** In the list it never goes missing: Enter may come before the list was asked for again. */
    isShared(one: Aside, { version, state }: Shared): void {
      asked += 1
      const others = this.shared.filter((other) => other.id !== one.id)
      const here = this.here.filter((other) => other.id !== one.id)
      const shared = state === 'held' ? [...others, { ...asShown(one), version }] : others
      this.relist({ here, shared })
    },

    async open(): Promise<void> {
      Object.assign(this, { at: 0, changes: [], said: '', elsewhere: null })
      useCounter().sheet = 'held'
      await this.load()
    },

    load(): Promise<void> {
      listing = this.loadAll()
      return listing
    },

    async loadAll(): Promise<void> {
      asked += 1
      const mine = asked
      let shared: HeldShown[] = []
      let lost = ''
      try {
        shared = (await api.get<{ held: HeldShown[] }>('/api/pos/held')).held
      } catch (error) {
        lost = error instanceof Unreachable ? t('held.alone') : sentence(error)
      }
      if (mine === asked) this.relist({ shared, lost })
    },

    /** Whatever comes or goes, the keys stay at the basket they are at. */
    relist(change: Partial<State>): void {
      const id = this.chosen?.id
      Object.assign(this, change)
      const at = this.list.findIndex((one) => one.id === id)
      this.at = at >= 0 ? at : Math.min(this.at, Math.max(0, this.list.length - 1))
    },

    step(by: number): void {
      this.at = Math.max(0, Math.min(this.list.length - 1, this.at + by))
    },

    /** Enter takes up the chosen one, a digit with it that one; with changes shown it accepts them. */
    enter(digit: string): void {
      if (this.changes.length > 0) return this.accept()
      const at = digit ? Number(digit) - 1 : this.at
      if (this.list[at]) this.at = at
      void this.resume([], at)
    },

    refuse(words: string): void {
      play('blocked')
      this.said = words
    },

    /** A hand faster than the list waits for it. */
    async resume(approval_ids: number[] = [], place?: number): Promise<void> {
      if (this.busy) return play('blocked')
      if (!useBasket().isEmpty) return this.refuse(t('held.basketFirst'))
      this.busy = true
      const at = place ?? this.at
      const seen = this.list[at]
      // What is on its way to the server right now is only here or only there afterwards.
      await sharing
      if (!seen) await listing
      const one = seen ?? this.list[at]
      if (one) await this.take(one, approval_ids)
      else play('blocked')
      this.busy = false
    },

    async take(one: HeldShown, approval_ids: number[]): Promise<void> {
      if (one.state === 'expired') return this.refuse(t('held.over'))
      try {
        const mine = this.here.find((aside) => aside.id === one.id)
        if (mine) await this.takeHere(mine)
        else await this.takeShared(one, approval_ids)
      } catch (error) {
        this.refuse(sentence(error))
        const elsewhere = error instanceof Refused && error.code === 'held_elsewhere'
        this.elsewhere = elsewhere ? one : null
        if (!elsewhere && error instanceof Refused) await this.load()
      }
    },

    async takeHere(mine: Aside): Promise<void> {
      const { id, version, lines, member, discount_fen, barred, ticket, refused } = mine
      this.here = this.here.filter((other) => other.id !== id)
      this.keepHere()
      // What another till has by now is a basket of its own here.
      const held = refused ? null : { id, version }
      const basket = useBasket()
      basket.fill({ lines, member, discount_fen, barred, held, ticket })
      await basket.settled()
      this.differs(changesOf(mine, basket.amountOf))
    },

    async takeShared(one: HeldShown, approval_ids: number[]): Promise<void> {
      const path = `/api/pos/held/${one.id}/resume`
      const { held, changes } = await api.write<TakenUp>(path, { approval_ids })
      const { id, version, lines, member, discount_fen, barred, note, print_notes } = held
      const ticket = { note, print_notes, subtotal: false }
      renewed = Date.now()
      const keyed = lines.map(asLine)
      useBasket().fill({
        lines: keyed,
        member,
        discount_fen,
        barred,
        ticket,
        held: { id, version },
      })
      this.elsewhere = null
      this.said = ''
      this.differs(changes)
    },

    /** What costs otherwise now is shown before it counts. */
    differs(changes: HeldChange[]): void {
      this.changes = changes
      if (changes.length === 0) this.end()
      else play('blocked')
    },

    end(): void {
      const counter = useCounter()
      Object.assign(this, { changes: [], said: '', elsewhere: null })
      counter.sheet = null
      counter.panel = 'entry'
      counter.say('ok', t('held.resumed'))
      play('ok')
    },

    /** What it costs now counts. */
    accept(): void {
      this.end()
    },

    /** F6 in the list: a manager lets it be taken from the till that edits it, or lets the prices of then count. */
    async manager(): Promise<void> {
      if (this.changes.length > 0) return this.oldPrices()
      const one = this.elsewhere
      if (!one) return play('blocked')
      const said = t('held.editing', { till: one.at_till_name ?? one.till_name })
      const what = { before_fen: one.payable_fen, said }
      const subject = `held:${one.id}`
      const word = await useApproval().ask({
        action: 'take_over',
        subject,
        what,
        reasons: TAKE_OVER,
      })
      if (!word?.id) return
      const at = this.list.findIndex((other) => other.id === one.id)
      await this.resume([word.id], at)
    },

    async oldPrices(): Promise<void> {
      const basket = useBasket()
      const dearer = this.changes.filter((one) => (one.after_fen ?? 0) > one.before_fen)
      if (!basket.held?.version || dearer.length === 0) return play('blocked')
      const lines = dearer.map(({ name, before_fen, after_fen }) => ({
        name,
        before_fen: after_fen ?? 0,
        after_fen: before_fen,
      }))
      const subject = `held:${basket.held.id}`
      const what = { lines }
      const word = await useApproval().ask({
        action: 'old_price',
        subject,
        what,
        reasons: OLD_PRICE,
      })
      if (!word?.id) return
      basket.approvals.push(word.id)
      for (const { line: at, before_fen, after_fen } of dearer) {
        const line = basket.lines[at ?? -1]
        const off_fen = (line?.hand?.off_fen ?? 0) + (after_fen ?? 0) - before_fen
        if (line) line.hand = { reason: 'held_price', off_fen }
      }
      basket.changed()
      this.end()
    },

    /** The lease of what is on the counter goes on; who lost it learns it here, and not at the payment. */
    async renew(): Promise<void> {
      const { held } = useBasket()
      if (!held || held.version === 0) return
      renewed = Date.now()
      const path = `/api/pos/held/${held.id}/renew`
      try {
        await api.write(path, { version: held.version })
      } catch (error) {
        if (error instanceof Refused) useCounter().say('error', error.message)
      }
    },
  },
})
