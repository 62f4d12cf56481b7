import { Refused, sentence } from '@web/api'
import type { Quote, Receipt, SaleForm } from '@web/contract'
import { t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { roundingOf, yuan } from '@web/money'
import { requestId } from '@web/request-id'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useBasket } from './basket'
import { useCounter } from './counter'
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
}

interface State {
  pending: Pending | null
  sending: boolean
  receipt: Receipt | null
  lastNo: string
  said: string
  /** Stored value as typed in the pay panel: it survives a look aside for the member's code. */
  walletText: string
}

const AGAIN_MS = 4000
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
  }),
  getters: {
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
      const tenders: SaleForm['tenders'] = []
      if (wallet_fen > 0) tenders.push({ kind: 'wallet', amount_fen: wallet_fen })
      if (due_fen > 0 || wallet_fen === 0) tenders.push({ kind: 'cash', received_fen })
      const form = { ...basket.asked, expected_payable_fen: payable_fen, token, tenders }
      this.pending = { request_id: requestId(), form, since: Date.now() }
      keep('till.pending', this.pending)
      await this.send()
    },

    async send(): Promise<void> {
      const pending = this.pending
      if (!pending || this.sending) return
      this.sending = true
      this.said = ''
      useCounter().hold()
      try {
        const { request_id, form } = pending
        const answer = await api.write<{ receipt: Receipt }>('/api/pos/sales', form, request_id)
        this.sold(answer.receipt)
      } catch (error) {
        this.notSold(error)
      } finally {
        this.sending = false
      }
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
      const counter = useCounter()
      counter.showReceipt()
      counter.goOn()
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
        this.said = refusedWords(error)
        void useBasket().price()
        return
      }
      this.said = sentence(error)
      counter.panel = 'pending'
      if (!(error instanceof Refused)) setTimeout(() => void this.send(), AGAIN_MS)
    },

    /** A sale that waited for the network longer than its quote is good is sent once more, if it costs no more. */
    renew(error: Refused): boolean {
      const pending = this.pending
      const quote = error.facts.quote as Quote | undefined
      if (error.code !== 'quote_expired' || !pending || pending.renewed || !quote) return false
      if (quote.payable_fen > pending.form.expected_payable_fen) return false
      const form = { ...pending.form, token: quote.token }
      this.pending = { ...pending, request_id: requestId(), form, renewed: true }
      keep('till.pending', this.pending)
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
      keep('till.pending', null)
    },

    /** After a reload or a colleague's PIN: finish what was sent before anything else. */
    resume(): void {
      if (!this.pending) return
      useCounter().panel = 'pending'
      void this.send()
    },
  },
})
