import { Refused, sentence } from '@web/api'
import type { Quote, Receipt, ReturnPaper } from '@web/contract'
import { t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { type CashRounding, yuan } from '@web/money'
import { requestId } from '@web/request-id'
import { aheadMs } from '@web/time'
import { defineStore } from 'pinia'
import { markRaw } from 'vue'
import { asItem } from '../catalogue/goods'
import { backOf, backPaper, type Sold, soldOf } from '../offline/back'
import { aboveOf, type HandLimits, handOf, TooMuch, takenOff } from '../offline/by-hand'
import { veil } from '../offline/cards'
import { type Link, numberOf, type Place } from '../offline/document'
import { download, sealed } from '../offline/export'
import { type Aside, Journal, type Kept } from '../offline/journal'
import { place } from '../offline/one-tab'
import { refusesPin } from '../offline/pins'
import { receiptOf } from '../offline/receipt'
import { type Alone, type AloneTender, asAlone, quoteOf, saleOf, ticketOf } from '../offline/sale'
import { Delivery, type Result, type Way } from '../offline/sync'
import { receiptUrl } from '../print/token'
import { answered, api } from '../server'
import { type Line, useBasket } from './basket'
import { useByHand } from './by-hand'
import { useCatalogue } from './catalogue'
import { useGate } from './gate'
import type { HandWord } from './kept-basket'
import { useMembers } from './members'
import { pricedAt, useRules } from './rules'
import { useSession } from './session'

interface State {
  waiting: number
  sending: boolean
  /** Documents that the server could not book: shown until a person saw to them. */
  rejected: Kept[]
  /** Whether the browser promised not to throw away what is kept here. */
  persistent: boolean
  /** The number of the sale whose goods come back, as it was scanned. */
  backNo: string
}

const EXPORT_KEY = 'till.export'
const MOST_SOLD = 500
const PING_MS = 2_000
/** So long what was sold alone can be returned alone. */
const KEPT_MS = 40 * 24 * 3600_000

let journal: Journal | null = null
let delivery: Delivery | null = null
let watching = 0

/** Selling without network: priced by the rules kept here, written into the device's journal, delivered later. */
export const useAlone = defineStore('alone', {
  state: (): State => ({ waiting: 0, sending: false, rejected: [], persistent: true, backNo: '' }),
  getters: {
    /** Nobody answers: what a till may do then is what may be done alone. */
    isAlone: (): boolean => !answered.value,
  },
  actions: {
    /** Open the journal, deliver what waits, and listen for the network, until `stop`. */
    async watch(): Promise<void> {
      watching += 1
      const mine = watching
      await this.count()
      if (!journal) return
      delivery ??= new Delivery(journal, WAY, (sending) => {
        this.sending = sending
        void this.count()
      })
      void this.persist()
      void journal.forget(Date.now() - KEPT_MS)
      window.addEventListener('beforeunload', warn)
      window.addEventListener('online', cameBack)
      delivery.back()
      void keepExportKey()
      while (mine === watching) {
        if (!answered.value && (await ping())) this.back()
        await new Promise((done) => setTimeout(done, PING_MS))
      }
    },

    stop(): void {
      watching += 1
    },

    /** Why a thing that could lose what is only here has to wait; empty where all is at the server. */
    async unsent(): Promise<string> {
      await this.count()
      return this.waiting > 0 ? t('offline.unsent', { n: this.waiting }) : ''
    },

    /** Another window sells now: this one writes and delivers nothing more. */
    leave(): void {
      delivery?.stop()
      journal?.close()
      delivery = null
      journal = null
      window.removeEventListener('beforeunload', warn)
      window.removeEventListener('online', cameBack)
    },

    /** There is a network again. */
    back(): void {
      delivery?.back()
      void useMembers().meet()
      void useBasket().price()
    },

    async count(): Promise<void> {
      journal ??= markRaw(new Journal())
      const { waiting, rejected } = await journal.count()
      Object.assign(this, { waiting, rejected: markRaw(rejected) })
    },

    async persist(): Promise<void> {
      const storage = navigator.storage
      this.persistent = !storage?.persist || (await storage.persist())
    },

    /** What is not delivered yet, in the order of the chain. */
    async pending(): Promise<Kept[]> {
      return journal ? journal.waiting(Number.POSITIVE_INFINITY) : []
    },

    /** What became of a document of this device. */
    async became(uuid: string): Promise<Kept | null> {
      return (await journal?.byUuid(uuid)) ?? null
    },

    tryNow(): void {
      delivery?.now()
    },

    /** What the basket costs by what is known here; null where it cannot be sold without network. */
    price(
      lines: readonly Line[],
      tier: string | null,
      barred: readonly number[],
      discount_fen: number,
    ): Alone | null {
      const bare = lines.map((line) => ({ ...line, hand: undefined }))
      const found = pricedAt(useRules(), bare, tier, barred)
      if (!found) return null
      const goods = useCatalogue()
      const giftOf = (sku_id: number): Line | null => {
        const row = goods.goods.row(sku_id)
        return row ? asItem(row, '', Date.now()) : null
      }
      const rounding = kept<CashRounding>('till.rounding') ?? 'none'
      const priced = asAlone(lines, found.priced, found.book, rounding, giftOf)
      return handed(priced, lines, discount_fen)
    },

    quote(
      lines: readonly Line[],
      tier: string | null,
      barred: readonly number[],
      discount_fen: number,
    ): Quote | null {
      const alone = this.price(lines, tier, barred, discount_fen)
      if (!alone) return null
      const quote = quoteOf(alone, new Map(lines.map((line) => [line.sku_id, line.picture])))
      return { ...quote, needs_approval: overOf(alone, lines) }
    },

    /** What of the basket is above the limits of a manager as well, who may then not approve it. */
    aboveManager(): Quote['needs_approval'] {
      const { lines, member, barred, discount_fen } = useBasket()
      const alone = this.price(lines, member?.tier ?? null, barred, discount_fen)
      const limits = kept<HandLimits>('till.limits')
      return alone && limits ? aboveOf(alone, lines, limits, 'store_manager', false) : null
    },

    /** Why this basket has to wait for the network, in words; empty when it may be sold now. */
    refuses(): string {
      const basket = useBasket()
      if (basket.points > 0 || basket.coupon_ids.length > 0) return t('alone.noValue')
      const hands = basket.lines.flatMap(({ hand }) => hand ?? [])
      const byHand = hands.length > 0 || basket.discount_fen > 0
      if (hands.some((hand) => hand.reason === 'held_price')) return t('alone.noOldPrice')
      if (byHand && !kept('till.limits')) return t('alone.noHand')
      if (!useCatalogue().ready) return t('alone.noGoods')
      return ''
    },

    /**
     * Sell for cash, or by the printed code: the receipt once the document is on the disk, or in words why not.
     *
     * With the id of an attempt that may have reached the server, so that it is booked once.
     */
    async sell(
      received_fen: number,
      uuid = requestId(),
      tender: AloneTender = 'cash',
    ): Promise<Receipt | string> {
      const basket = useBasket()
      const session = useSession()
      const refusal = this.refuses() || (await useGate().pass())
      if (refusal) return refusal
      const tier = basket.member?.tier ?? null
      const alone = this.price(basket.lines, tier, basket.barred, basket.discount_fen)
      if (!alone) return t('alone.noPrice')
      const over = overOf(alone, basket.lines)
      if (over && handOf(alone) > (basket.word?.off_fen ?? 0)) {
        void useByHand().askAgain()
        return t('discount.manager', { amount: yuan(over.max_fen) })
      }
      const { member } = basket
      const veiled = member?.joins ? await veil(member.joins.phone) : null
      const known = {
        catalogue: useCatalogue().version,
        rules: useRules().delivered?.version ?? 0,
        member_id: member?.id || null,
        tier,
        join: veiled?.join ?? null,
        ...(over && basket.word && wordOf(basket.word)),
        ticket: ticketOf(basket.lines, basket.ticket, basket.held),
      }
      const make = (at: Place) => saleOf(alone, known, at, received_fen, tender)
      const aside = veiled && member?.joins ? { ...member.joins, salt: veiled.salt } : null
      const written = await this.write(make, uuid, aside)
      if (typeof written === 'string') return written
      const { till, staff } = session
      const promotions = useRules().names
      const url = await receiptUrl(uuid)
      return receiptOf(written, { till, staff, member, url, promotions })
    },

    /** All that is only here, as a sealed file, when a manager's PIN of this device allows it; in words why not. */
    async export(manager_id: number, pin: string): Promise<string> {
      const { till } = useSession()
      const refused = await refusesPin(manager_id, pin)
      if (refused) return refused
      const key = kept<string>(EXPORT_KEY)
      if (!key || !till || !journal) return t('export.noKey')
      const at = new Date().toISOString().slice(0, 16).replace(/\W/g, '')
      const file = await sealed(await journal.unsettled(), till, key)
      download(`tongdian-journal-${till.store_id}-${till.id}-${at}.json`, file)
      return ''
    },

    /** What this device sold alone, the newest first, and what came back of it. */
    async sold(): Promise<Sold[]> {
      return soldOf((await journal?.latest(MOST_SOLD)) ?? [])
    },

    /** Units of one of those come back for cash: its paper once it is on the disk; in words why not. */
    async giveBack(sold: Sold, wants: readonly number[]): Promise<ReturnPaper | string> {
      const refusal = sold.sale.tender ? t('qr.noBack') : await useGate().pass()
      if (refusal) return refusal
      const written = await this.write((at) => backOf(sold, wants, '', at), requestId())
      if (typeof written === 'string') return written
      const { till, staff } = useSession()
      const at = { till_name: till?.name ?? null, cashier: staff?.name ?? null }
      return backPaper(sold, wants, written, { store_name: till?.store_name ?? '', ...at })
    },

    /** Put a document at the end of the chain and deliver it when that is possible; in words why not. */
    async write<D extends Link>(
      make: (at: Place) => D,
      uuid: string,
      aside: Aside | null = null,
    ): Promise<D | string> {
      const { shift, staff } = useSession()
      if (place.value !== 'here') return t('elsewhere.title')
      if (!journal || !shift || !staff) return t('alone.noPrice')
      const device = deviceId()
      const here = {
        v: 1 as const,
        uuid,
        device,
        shift_id: shift.id,
        shift_uuid: shift.uuid,
        staff_id: staff.id,
        at_ms: Date.now(),
        offset_ms: -aheadMs(),
      }
      try {
        const written = await journal.append(
          (seq, prev) => make({ ...here, seq, prev, no: numberOf(device, seq) }),
          aside,
        )
        void this.count()
        delivery?.now()
        return JSON.parse(written.body) as D
      } catch (error) {
        return t('alone.notWritten', { why: sentence(error) })
      }
    },
  },
})

/** With what was made cheaper by hand; refused as the server does where the goods do not cost as much. */
function handed(priced: Alone, lines: readonly Line[], discount_fen: number): Alone {
  try {
    return takenOff(priced, lines, discount_fen)
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error
    const said = t('alone.handTooMuch', { amount: yuan(error.max_fen) })
    throw new Refused(409, 'discount_too_large', said, { max_fen: error.max_fen })
  }
}

/** What needs a manager's word by the limits known here of who stands at the till. */
function overOf(alone: Alone, lines: readonly Line[]): Quote['needs_approval'] {
  const limits = kept<HandLimits>('till.limits')
  return limits ? aboveOf(alone, lines, limits, useSession().staff?.role ?? '') : null
}

/** Who let more come off than the cashier may, and why. */
const wordOf = ({ approver_id, reason }: HandWord) => ({
  approved_by: approver_id,
  approved_why: reason,
})

/** The device has a network again, though perhaps nobody asked for anything while it had none. */
function cameBack(): void {
  useAlone().back()
}

/** The browser asks before a page goes away whose sales are only here. */
function warn(event: BeforeUnloadEvent): void {
  if (useAlone().waiting > 0) event.preventDefault()
}

/** What a journal is sealed with has to be here before the network is gone. */
async function keepExportKey(): Promise<void> {
  const found = await api.get<{ key: string }>('/api/pos/sync/key').catch(() => null)
  if (found) keep(EXPORT_KEY, found.key)
}

/** The same for ever on this device. */
function deviceId(): string {
  const known = kept<string>('till.device')
  if (known) return known
  const made = requestId()
  keep('till.device', made)
  return made
}

const WAY: Way = {
  async send(documents) {
    const body = { at_ms: Date.now(), documents }
    return (await api.write<{ results: Result[] }>('/api/pos/sync', body)).results
  },
  async end(seq) {
    await api.write('/api/pos/sync/end', { device: deviceId(), seq, at_ms: Date.now() })
  },
}

async function ping(): Promise<boolean> {
  try {
    await api.get('/api/pos/till')
    return true
  } catch {
    return answered.value
  }
}
