import { Refused, sentence } from '@web/api'
import type { CodePayment, Quote, Receipt, SaleForm } from '@web/contract'
import { t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { parseYuan, roundingOf, yuan } from '@web/money'
import { requestId } from '@web/request-id'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { useElsewhere } from '../elsewhere/store'
import type { AloneTender } from '../offline/sale'
import { cashIn, usePrinter } from '../print/printer'
import { api } from '../server'
import { useAlone } from './alone'
import { useBasket } from './basket'
import { useByHand } from './by-hand'
import { useCodePay } from './code-pay'
import { useCounter } from './counter'
import { useExchange } from './exchange'
import { usePossession } from './possession'
import { refusedWords } from './promotions'
import { useWallet } from './wallet'

/** A sale that was sent and not yet answered: it survives a reload, and is only ever repeated. */
interface Pending {
  request_id: string
  form: SaleForm
  since: number
  /** Its quote was over when it arrived, and this is the second try with the price of then. */
  renewed?: boolean
  /** Where it goes, when it is no plain sale. */
  path?: string
}

type Answer = { receipt: Receipt } | { receipt?: undefined; payment: CodePayment }

interface State {
  pending: Pending | null
  sending: boolean
  receipt: Receipt | null
  lastNo: string
  said: string
  /** Stored value as typed in the pay panel: it survives a look aside for the member's code. */
  walletText: string
  /** Cash that was handed over and does not pay everything: a payment code pays the rest. */
  cashPart_fen: number
}

const AGAIN_MS = 4000
const WORD_NEEDED = new Set(['discount_needs_approval', 'approval_missing', 'approval_over'])
const CODE_NEEDED = new Set(['possession_needed', 'wallet_code_needed'])

/** Taking the money: one request id per sale, kept until the server has said yes or no. */
export const useSale = defineStore('sale', {
  state: (): State => ({
    pending: kept<Pending>('till.pending'),
    sending: false,
    receipt: null,
    lastNo: kept<string>('till.lastNo') ?? '',
    said: '',
    walletText: '',
    cashPart_fen: 0,
  }),
  getters: {
    /** Money was begun to be taken: whose sale it is stays as it is. */
    isBegun: (state): boolean =>
      state.sending ||
      state.pending !== null ||
      state.cashPart_fen > 0 ||
      state.walletText.trim() !== '',
    change_fen: (state): number =>
      state.receipt?.tenders.reduce((sum, tender) => sum + tender.change_fen, 0) ?? 0,
    received_fen: (state): number =>
      state.receipt?.tenders.reduce((sum, tender) => sum + tender.received_fen, 0) ?? 0,
  },
  actions: {
    /** Stored value pays first, cash what it leaves; only cash gives change. */
    async pay(received_fen: number, wallet_fen = 0): Promise<void> {
      const basket = useBasket()
      if (this.sending || !basket.isPriced || !basket.quote) return
      const { payable_fen, token } = basket.quote
      const exact_fen = payable_fen - wallet_fen
      const due_fen = exact_fen + roundingOf(exact_fen, basket.quote.cash_rounding)
      if (received_fen < due_fen) {
        play('blocked')
        this.said = t('pay.short', { amount: yuan(due_fen - received_fen) })
        return
      }
      if (basket.quote.alone) return this.payAlone(received_fen, wallet_fen)
      const tenders: SaleForm['tenders'] = []
      if (wallet_fen > 0) tenders.push({ kind: 'wallet', amount_fen: wallet_fen })
      if (due_fen > 0 || wallet_fen === 0) tenders.push({ kind: 'cash', received_fen })
      await this.begin({ ...basket.asSold, expected_payable_fen: payable_fen, token, tenders })
    },

    /** Without network only cash, or the printed code, pays: nobody may spend twice what is not here. */
    async payAlone(
      received_fen: number,
      wallet_fen: number,
      uuid?: string,
      tender?: AloneTender,
    ): Promise<void> {
      const value = wallet_fen > 0 ? t('alone.noValue') : ''
      const refusal = useElsewhere().any ? t('away.noNetwork') : value
      this.sending = true
      const sold = refusal || (await useAlone().sell(received_fen, uuid, tender))
      this.sending = false
      if (typeof sold !== 'string') return this.sold(sold)
      play('blocked')
      this.said = sold
    },

    /** A payment code pays what stored value and the cash on the counter leave; says why not, or nothing. */
    async payByCode(auth_code: string): Promise<string> {
      const basket = useBasket()
      if (useExchange().isOn) return useExchange().payByCode(auth_code)
      await basket.settled()
      if (this.sending || !basket.isPriced || !basket.quote)
        return basket.said || t('pay.notPriced')
      if (basket.quote.alone) return t('alone.noCode')
      const { payable_fen, token } = basket.quote
      const wallet_fen = (this.walletText.trim() && parseYuan(this.walletText)) || 0
      if (wallet_fen + this.cashPart_fen >= payable_fen) return t('pay.nothingLeft')
      const tenders: SaleForm['tenders'] = [{ kind: 'code', auth_code }]
      if (this.cashPart_fen > 0) tenders.unshift({ kind: 'cash', received_fen: this.cashPart_fen })
      if (wallet_fen > 0) tenders.unshift({ kind: 'wallet', amount_fen: wallet_fen })
      await this.begin({ ...basket.asSold, expected_payable_fen: payable_fen, token, tenders })
      return ''
    },

    async begin(asked: SaleForm, path?: string): Promise<void> {
      if (path && useElsewhere().any) return this.refuse(t('away.noExchange'))
      const form = { ...asked, ...useElsewhere().form }
      this.pending = { request_id: requestId(), form, since: Date.now(), ...(path && { path }) }
      this.keepPending()
      await this.send()
    },

    refuse(said: string): void {
      play('blocked')
      this.said = said
    },

    /** A payment code is for one charge and for nobody's eyes: it is not written down. */
    keepPending(): void {
      const { pending } = this
      if (!pending) return keep('till.pending', null)
      const tenders = pending.form.tenders.map((one) =>
        one.kind === 'code' ? { ...one, auth_code: '' } : one,
      )
      keep('till.pending', { ...pending, form: { ...pending.form, tenders } })
    },

    async send(): Promise<void> {
      const pending = this.pending
      if (!pending || this.sending) return
      this.sending = true
      this.said = ''
      useCounter().hold()
      try {
        const { request_id, form, path = '/api/pos/sales' } = pending
        const answer = await api.write<Answer>(path, form, request_id)
        if (answer.receipt) this.sold(answer.receipt)
        else this.waits(answer.payment)
      } catch (error) {
        this.notSold(error)
      } finally {
        this.sending = false
      }
    },

    /** Sent to WeChat, and not decided there yet. */
    waits(payment: CodePayment): void {
      this.settle()
      useCodePay().watch(payment)
    },

    sold(receipt: Receipt): void {
      this.settle()
      this.receipt = receipt
      this.lastNo = receipt.no
      keep('till.lastNo', receipt.no)
      const basket = useBasket()
      const wallet = receipt.tenders.some((tender) => tender.kind === 'wallet')
      if (wallet && basket.member) void useWallet().load(basket.member.id)
      basket.clear()
      this.walletText = ''
      this.cashPart_fen = 0
      const counter = useCounter()
      counter.showReceipt()
      counter.goOn()
      const moved = [...receipt.tenders, ...(receipt.exchange?.back ?? [])]
      usePrinter().after({ no: receipt.no, receipt }, cashIn(moved))
      play('paid')
    },

    /** Refused means nothing was sold; anything else is unknown and must be asked again, same id. */
    notSold(error: unknown): void {
      if (error instanceof Refused && this.renew(error)) return
      const counter = useCounter()
      play('blocked')
      if (error instanceof Refused && error.code !== 'not_signed_in') {
        this.settle()
        counter.panel = 'pay'
        counter.goOn()
        if (CODE_NEEDED.has(error.code)) return this.needCode(error.message)
        if (WORD_NEEDED.has(error.code)) void useByHand().askAgain()
        this.said = refusedWords(error)
        void useBasket().price()
        return
      }
      this.said = sentence(error)
      if (!(error instanceof Refused) && this.writeDown()) return
      counter.panel = 'pending'
      if (!(error instanceof Refused)) setTimeout(() => void this.send(), AGAIN_MS)
    },

    /**
     * No answer came to a sale for cash: it is written down under the same id, so that it is booked once, whether the
     * server heard of it or not. Whatever else pays must wait until the server says so.
     */
    writeDown(): boolean {
      const pending = this.pending
      const tender = pending?.form.tenders[0]
      if (!pending || pending.path || pending.form.tenders.length > 1 || tender?.kind !== 'cash')
        return false
      if (pending.form.elsewhere) return false
      const basket = useBasket()
      const quote = basket.isEmpty
        ? null
        : useAlone().quote(
            basket.lines,
            basket.member?.tier ?? null,
            basket.barred,
            basket.discount_fen,
          )
      if (useAlone().refuses() || quote?.payable_fen !== pending.form.expected_payable_fen)
        return false
      useCounter().panel = 'pending'
      void this.payAlone(tender.received_fen, 0, pending.request_id).then(() => {
        if (this.pending) setTimeout(() => void this.send(), AGAIN_MS)
      })
      return true
    },

    /** A sale that waited for the network longer than its quote is good is sent once more, if it costs no more. */
    renew(error: Refused): boolean {
      const pending = this.pending
      const quote = error.facts.quote as Quote | undefined
      if (error.code !== 'quote_expired' || !pending || pending.renewed || !quote) return false
      if (quote.payable_fen > pending.form.expected_payable_fen) return false
      const form = { ...pending.form, token: quote.token }
      this.pending = { ...pending, request_id: requestId(), form, renewed: true }
      this.keepPending()
      setTimeout(() => void this.send())
      return true
    },

    /** What was wanted stays wanted until the member's code, or a manager, lets it happen. */
    needCode(because: string): void {
      const basket = useBasket()
      usePossession().need(basket.wish, because)
      basket.authorisation = null
      basket.backToAgreed()
    },

    settle(): void {
      this.pending = null
      this.keepPending()
    },

    /** After a reload or a colleague's PIN: finish what was sent before anything else. */
    resume(): void {
      if (!this.pending) return void useCodePay().resume()
      useCounter().panel = 'pending'
      const byCode = this.pending.form.tenders.some((one) => one.kind === 'code')
      void (byCode ? this.resumeCode(this.pending.request_id) : this.send())
    },

    /** The code itself was not kept, so the sale is not repeated: the server says what became of it. */
    async resumeCode(request_id: string): Promise<void> {
      const counter = useCounter()
      try {
        const found = await useCodePay().ofSale(request_id)
        this.settle()
        counter.panel = 'pay'
        if (found?.receipt) this.sold(found.receipt)
        else if (found && found.payment.state !== 'reversed') useCodePay().watch(found.payment)
        else this.said = t('code.reversed')
      } catch (error) {
        this.said = sentence(error)
        setTimeout(() => void this.resumeCode(request_id), AGAIN_MS)
      }
    },
  },
})
