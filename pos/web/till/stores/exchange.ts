import type {
  Basket,
  ExchangeNet,
  ExchangeShown,
  Quote,
  ReturnForm,
  ReturnPreview,
  SaleForm,
} from '@web/contract'
import { t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { yuan } from '@web/money'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { forgetWords, wordsFor } from './back-words'
import { useBasket } from './basket'
import { useCounter } from './counter'
import { useMembers } from './members'
import { useReturns } from './returns'
import { useSale } from './sale'

/** A line that comes back, as the basket shows it. */
interface BackLine {
  line_no: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  qty: number
  picture: string
}

interface Back {
  form: ReturnForm
  lines: BackLine[]
  /** Whose goods they are, by the number on their card. */
  member_no: string | null
}

interface State {
  back: Back | null
  preview: ReturnPreview | null
  net: ExchangeNet | null
  /** Stored value that pays beside what comes back of it. */
  wallet_fen: number
}

/** Goods back and others instead: one document, one net amount. */
export const useExchange = defineStore('exchange', {
  state: (): State => ({
    back: kept<Back>('till.exchange'),
    preview: null,
    net: null,
    wallet_fen: 0,
  }),
  getters: {
    isOn: (state): boolean => state.back !== null,
    /** What one line gives back, once the server has said so. */
    givesBack:
      (state) =>
      (line: BackLine): number | null =>
        state.preview?.lines.find((one) => one.line_no === line.line_no)?.refund_fen ?? null,
  },
  actions: {
    /** What was chosen in the return sheet lies in the basket with a minus; the next scan is what is bought instead. */
    begin(): void {
      const { receipt, form } = useReturns()
      if (!receipt || !form) return
      const lines = form.lines.flatMap(({ line_no, qty }) => {
        const line = receipt.lines.find((one) => one.line_no === line_no)
        if (!line) return []
        const { name, spec, unit, weighed, picture } = line
        return [{ line_no, name, spec, unit, weighed, qty, picture }]
      })
      this.back = { form, lines, member_no: receipt.member?.no ?? null }
      this.preview = useReturns().preview
      this.net = null
      keep('till.exchange', this.back)
      const counter = useCounter()
      counter.sheet = null
      counter.panel = 'entry'
      counter.say('info', t('exchange.begun'))
      const basket = useBasket()
      if (this.back.member_no && !basket.member) void useMembers().find(this.back.member_no)
      if (!basket.isEmpty) basket.changed()
    },

    /** Only a return after all, or nothing: what is bought stays in the basket. */
    end(): void {
      if (!this.back) return
      forgetWords(this.back.form.order_no)
      Object.assign(this, { back: null, preview: null, net: null, wallet_fen: 0 })
      keep('till.exchange', null)
    },

    cancel(): void {
      this.end()
      const basket = useBasket()
      if (!basket.isEmpty) basket.changed()
    },

    /** Both sides as the server prices them. */
    async ask(asked: Basket): Promise<Quote> {
      const shown = await this.shown(asked, false)
      this.preview = shown.preview
      this.net = shown.exchange
      return shown.quote
    },

    shown(asked: Basket, by_code: boolean): Promise<ExchangeShown> {
      const { order_no, lines, fault } = (this.back as Back).form
      const form = { ...asked, order_no, back: lines, fault, wallet_fen: this.wallet_fen, by_code }
      return api.ask<ExchangeShown>('/api/pos/exchanges/preview', form)
    },

    /** F10: as much stored value as there is pays the rest, or none of it again. */
    async useWallet(total_fen: number): Promise<void> {
      const rest_fen = this.wallet_fen ? 0 : Math.min(total_fen, this.net?.collect_fen ?? 0)
      this.wallet_fen = rest_fen
      const basket = useBasket()
      basket.changed()
      await basket.settled()
    },

    /** Cash pays what is to be collected, or nothing has to be. */
    async pay(received_fen: number): Promise<void> {
      const { net } = this
      const basket = useBasket()
      if (!net || !basket.isPriced || !basket.quote) return
      if (received_fen < net.collect_fen) {
        play('blocked')
        useSale().said = t('pay.short', { amount: yuan(net.collect_fen - received_fen) })
        return
      }
      const cash: SaleForm['tenders'] = net.collect_fen > 0 ? [{ kind: 'cash', received_fen }] : []
      const shown = { preview: this.preview as ReturnPreview, quote: basket.quote, exchange: net }
      await this.send(shown, cash)
    },

    /** A payment code pays what is to be collected, to the fen; says why not, or nothing. */
    async payByCode(auth_code: string): Promise<string> {
      const basket = useBasket()
      await basket.settled()
      if (!basket.isPriced || !this.net) return basket.said || t('pay.notPriced')
      const shown = await this.shown(basket.asked, true)
      if (shown.exchange.collect_fen <= 0) return t('pay.nothingLeft')
      await this.send(shown, [{ kind: 'code', auth_code }])
      return ''
    },

    async send(shown: ExchangeShown, rest: SaleForm['tenders']): Promise<void> {
      const { order_no, lines, fault } = (this.back as Back).form
      const words = await wordsFor(order_no, shown.preview)
      if (!words) return
      const { approval_ids = [], ...sold } = useBasket().asSold
      const wallet: SaleForm['tenders'] =
        this.wallet_fen > 0 ? [{ kind: 'wallet', amount_fen: this.wallet_fen }] : []
      const form = {
        ...sold,
        order_no,
        back: lines,
        fault,
        expected_payable_fen: shown.quote.payable_fen,
        expected_refund_fen: shown.preview.refund_fen,
        expected_points_deficit: shown.preview.points_deficit,
        expected_net_fen: shown.exchange.net_fen,
        token: shown.quote.token,
        tenders: [...wallet, ...rest],
        approval_ids: [...approval_ids, ...words],
      }
      await useSale().begin(form, '/api/pos/exchanges')
    },
  },
})
