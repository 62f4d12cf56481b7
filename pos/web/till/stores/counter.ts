import { Refused, sentence } from '@web/api'
import type { Item } from '@web/contract'
import { t } from '@web/i18n'
import { parseQuantity, quantity, unitOf, yuan } from '@web/money'
import { ScanQueue } from '@web/scanner'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { useElsewhere } from '../elsewhere/store'
import { claimed } from '../scan/claims'
import { type Entry, plain, readEntry, type Scan } from '../scan/entry'
import { kindOf } from '../scan/kinds'
import { keyOf } from '../scan/tags'
import { TAKERS } from '../scan/takers'
import type { Sheet } from '../sheets'
import { useBasket } from './basket'
import { useCatalogue } from './catalogue'
import { useHeld } from './held'
import { useMembers } from './members'
import { usePaper } from './paper'
import { useTopUpBack } from './top-up-back'
import { useUnknown } from './unknown'
import { useVoids } from './voids'
import { useWallet } from './wallet'

export type Panel =
  | 'entry'
  | 'pay'
  | 'points'
  | 'coupons'
  | 'possession'
  | 'discount'
  | 'weight'
  | 'receipt'
  | 'pending'
  | 'code'

export interface Echo {
  look: 'ok' | 'info' | 'error'
  code: string
  text: string
}

interface State {
  panel: Panel
  sheet: Sheet | null
  echo: Echo | null
  times: number
  /** F3 was pressed: digits in the box are words to search for. */
  byName: boolean
  results: Item[]
  searchedFor: string
  resultAt: number
  weighing: Item | null
  waiting: number
  receiptAt: number
}

const READ_CHANGE_MS = 1500

const queue = new ScanQueue<Scan>((scan) => useCounter().handle(scan))

/** What the one input box of the till does, and which panel is in front of the cashier. */
export const useCounter = defineStore('counter', {
  state: (): State => ({
    panel: 'entry',
    sheet: null,
    echo: null,
    times: 1,
    byName: false,
    results: [],
    searchedFor: '',
    resultAt: 0,
    weighing: null,
    waiting: 0,
    receiptAt: 0,
  }),
  getters: {
    /** Money is being decided about: scans wait, and nothing else begins. */
    isDeciding: (state): boolean => state.panel === 'pending' || state.panel === 'code',
  },
  actions: {
    say(look: Echo['look'], text: string, code = ''): void {
      this.echo = { look, text, code }
    },

    fail(error: unknown, code = ''): void {
      const unknown = error instanceof Refused && error.status === 404
      play(unknown ? 'unknown' : 'blocked')
      this.say('error', sentence(error), code)
    },

    /** Enter was pressed in the box. */
    enter(text: string): void {
      const entry = readEntry(text, useCatalogue())
      const byName = this.byName
      this.byName = false
      if (this.panel === 'coupons' && /^\d?$/.test(text.trim()))
        return this.enterCoupon(text.trim())
      if (this.sheet === 'void' && /^\d?$/.test(text.trim())) return useVoids().enter(text.trim())
      if (this.sheet === 'held' && /^\d?$/.test(text.trim())) return useHeld().enter(text.trim())
      if (this.sheet === 'why' && /^[1-9]$/.test(text.trim()))
        return this.enterPromotion(text.trim())
      if (useMembers().pick(text.trim())) return
      if (entry.kind === 'nothing') {
        if (!byName) this.enterNothing()
      } else if (this.panel === 'entry' && useUnknown().newest && /^[1-5]$/.test(text.trim()))
        void useUnknown().choose(useUnknown().choices[Number(text) - 1])
      else if (entry.kind === 'short' && !byName) this.refuse(t('echo.short'), text.trim())
      else if (entry.kind === 'search' || byName) void this.takeFirstResult(text)
      else this.enterEntry(entry)
    },

    enterNothing(): void {
      if (this.sheet) return
      if (this.panel !== 'receipt') return this.openPay()
      // The change must be read: the Enter that paid may come twice.
      if (Date.now() - this.receiptAt > READ_CHANGE_MS) this.panel = 'entry'
    },

    /** In the list of coupons one digit chooses, 0 none, and Enter alone is done: more digits are a scan. */
    enterCoupon(digit: string): void {
      const basket = useBasket()
      if (digit === '') this.panel = 'entry'
      else if (digit === '0') basket.chooseCoupons([])
      else if (!basket.tapCoupon(basket.quote?.coupons[Number(digit) - 1])) play('blocked')
    },

    /** In the price details one digit declines or restores a promotion: more digits are a scan. */
    enterPromotion(digit: string): void {
      const basket = useBasket()
      const one = basket.promotions[Number(digit) - 1]
      if (one) void basket.turn(one.rule_id)
      else play('blocked')
    },

    /** The box has the keys while the details are open, so a panel with a field of its own gives way. */
    openWhy(): void {
      const basket = useBasket()
      if (this.isDeciding || basket.isEmpty || !basket.quote) return play('blocked')
      if (this.panel !== 'weight') this.panel = 'entry'
      basket.turned = null
      this.sheet = 'why'
    },

    openCoupons(): void {
      if (this.panel === 'coupons') useBasket().chooseCoupons('best')
      else this.openPanel('coupons')
    },

    enterEntry(entry: Entry): void {
      if (entry.kind === 'scan') this.push({ ...entry.scan, times: entry.scan.times * this.times })
      else if (entry.kind === 'times') this.times = entry.times
      else if (entry.kind === 'quantity') this.setQuantity(entry.text)
    },

    /** A coupon on paper becomes the member's; with the code already scanned nothing more is to be typed. */
    openPaper(code = ''): void {
      if (this.isDeciding) return
      if (!useBasket().member) {
        play('blocked')
        return this.say('error', t('echo.paperFirst'))
      }
      usePaper().begin()
      this.sheet = 'paper'
      if (code) void usePaper().claim(code)
    },

    openTopUpBack(no = ''): void {
      if (this.isDeciding) return
      useTopUpBack().begin()
      this.sheet = 'topback'
      if (no) void useTopUpBack().load(no)
    },

    /** A code that was read where something else is typed. */
    scan(text: string, times = 1): void {
      const code = plain(text)
      const kind = kindOf(code, useCatalogue())
      if (kind) this.push({ kind, code, times })
      else this.refuse(t('echo.noCode'), code)
    },

    /** Every code goes through the queue; it waits while a sale is being decided or a weight typed. */
    push(scan: Scan): void {
      this.times = 1
      queue.push(scan)
      this.waiting = queue.length
    },

    showReceipt(): void {
      this.panel = 'receipt'
      this.receiptAt = Date.now()
      this.echo = null
    },

    hold(): void {
      queue.pause()
    },

    goOn(): void {
      queue.resume()
      this.waiting = queue.length
    },

    async handle(scan: Scan): Promise<void> {
      this.waiting = queue.length
      const taken = claimed(scan)
      if (taken) return taken
      // A payment code pays what the pay panel says, with the cash that lies on the counter already.
      if (scan.kind !== 'payment') {
        this.sheet = null
        this.panel = 'entry'
      }
      await TAKERS[scan.kind](scan)
    },

    refuse(said: string, code = ''): void {
      play('blocked')
      this.say('error', said, code)
    },

    /** Weighed goods need their weight first, unless the code was a scale's label that holds it. */
    take(item: Item, times: number, code: string): void {
      if (!item.weighed || item.tag?.measured) {
        this.put(item, times, code)
        return
      }
      queue.pause()
      this.weighing = item
      this.panel = 'weight'
      this.say('info', t('weight.title', { name: item.name }), code)
      play('ok')
    },

    put(item: Item, times: number, code: string): void {
      const qty = item.qty * times
      useBasket().add(item, qty)
      play('ok')
      const facts = {
        name: `${item.name} ${item.spec}`.trim(),
        qty: `${quantity(qty, item.weighed)} ${unitOf(item)}`,
        price: yuan(item.price_fen),
      }
      this.say('ok', t('echo.taken', facts), code)
    },

    weighed(text: string): boolean {
      const item = this.weighing
      const grams = parseQuantity(text, true)
      if (!item || grams === null) {
        play('blocked')
        return false
      }
      this.endWeighing()
      this.put({ ...item, qty: grams }, 1, item.barcode)
      return true
    },

    endWeighing(): void {
      this.weighing = null
      this.panel = 'entry'
      this.goOn()
    },

    /** `*5` after a line: five of it instead; `*0` takes it away, so that a block of numbers is enough. */
    setQuantity(text: string): void {
      const basket = useBasket()
      const line = basket.selected
      if (line && /^0+$/.test(text)) return basket.remove(keyOf(line))
      const qty = line ? parseQuantity(text, line.weighed) : null
      if (!line || qty === null) {
        play('blocked')
        this.say('error', t('echo.badQuantity'))
        return
      }
      basket.setQuantity(keyOf(line), qty)
      this.say('ok', t('echo.quantity', { name: line.name, qty: quantity(qty, line.weighed) }))
    },

    findByName(): void {
      this.sheet = null
      if (this.panel !== 'weight' && !this.isDeciding) this.panel = 'entry'
      this.byName = true
    },

    async search(text: string): Promise<void> {
      this.searchedFor = text
      if (!text) {
        this.results = []
        return
      }
      try {
        const items = await useCatalogue().search(text)
        if (this.searchedFor !== text) return
        this.results = items
        this.resultAt = 0
      } catch (error) {
        this.fail(error)
      }
    },

    endSearch(): void {
      this.searchedFor = ''
      this.results = []
    },

    async takeFirstResult(text: string): Promise<void> {
      const asked = text.replace(/^\d{1,3}[*×]/, '').trim()
      const typed: string | undefined = /^(\d{1,3})[*×]/.exec(text)?.[1]
      const times: number = typed ? Number(typed) : this.times
      if (this.searchedFor !== asked) await this.search(asked)
      const item = this.results[this.resultAt]
      if (!item) {
        play('unknown')
        this.say('error', t('echo.noneFound', { text: asked }), asked)
        this.endSearch()
        return
      }
      this.takeResult(item, times)
    },

    takeResult(item: Item, wanted?: number): void {
      const times = wanted ?? this.times
      this.endSearch()
      this.times = 1
      if (this.panel === 'receipt' || this.panel === 'pay') this.panel = 'entry'
      this.take(item, times, item.barcode)
    },

    openPay(): void {
      const basket = useBasket()
      if (this.isDeciding) return
      if (basket.isEmpty) {
        play('blocked')
        this.say('error', t('echo.nothingToPay'))
        return
      }
      if (basket.pricing !== 'failed') basket.said = ''
      basket.ticket.subtotal = true
      basket.remember()
      if (useElsewhere().any) return void this.payElsewhere()
      this.panel = 'pay'
    },

    /** What other stores hand over is kept there before anybody is asked for money. */
    async payElsewhere(): Promise<void> {
      this.say('info', t('away.reserving'))
      const refused = await useElsewhere().reserve()
      if (refused) return this.refuse(refused)
      this.echo = null
      this.panel = 'pay'
    },

    /** F10 outside the pay panel: stored value is topped up, for the member of this sale. */
    openTopUp(): void {
      if (this.isDeciding || this.panel === 'pay') return
      if (!useBasket().member) {
        play('blocked')
        this.say('error', t('echo.topUpFirst'))
        return
      }
      if (this.panel === 'receipt') this.panel = 'entry'
      useWallet().begin()
      this.sheet = 'topup'
    },

    openPanel(panel: 'points' | 'coupons' | 'discount'): void {
      const basket = useBasket()
      if (this.isDeciding) return
      if (basket.isEmpty) return this.say('error', t('echo.scanFirst'))
      if (panel !== 'discount' && !basket.member)
        return this.say('error', t(panel === 'points' ? 'echo.memberFirst' : 'echo.couponsFirst'))
      this.panel = panel
    },

    /** Esc: one step back, and never the basket. */
    back(): void {
      if (this.sheet) this.sheet = null
      else if (this.panel === 'weight') this.endWeighing()
      else if (this.results.length > 0) this.endSearch()
      else if (this.byName) this.byName = false
      else if (!this.isDeciding) this.panel = 'entry'
      this.times = 1
    },
  },
})
