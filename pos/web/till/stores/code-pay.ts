import { Refused, sentence } from '@web/api'
import type { CodePayment, Receipt } from '@web/contract'
import { t, tOr } from '@web/i18n'
import { play } from '@web/sounds'
import { serverNow } from '@web/time'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useBasket } from './basket'
import { useCounter } from './counter'
import { useSale } from './sale'

interface Answer {
  payment: CodePayment
  receipt?: Receipt
}

interface State {
  payment: CodePayment | null
  said: string
  /** The server does not answer: what WeChat decided is not known here. */
  deaf: boolean
  busy: boolean
}

const LOOK_MS = 1000
let looking = 0

/** A payment by code that WeChat has not decided yet: watched until it is paid or taken back, and nothing else is sold. */
export const useCodePay = defineStore('code-pay', {
  state: (): State => ({ payment: null, said: '', deaf: false, busy: false }),
  actions: {
    watch(payment: CodePayment): void {
      Object.assign(this, { payment, said: '', deaf: false })
      const counter = useCounter()
      counter.hold()
      counter.sheet = null
      counter.panel = 'code'
      this.later()
    },

    later(): void {
      clearTimeout(looking)
      looking = window.setTimeout(() => void this.look(), LOOK_MS)
    },

    async look(): Promise<void> {
      if (!this.payment) return
      try {
        this.take(await api.get<Answer>(`/api/pos/payments/${this.payment.tender_id}`))
      } catch (error) {
        this.missed(error)
      }
    },

    /** Ask WeChat now, instead of when the plan says. */
    ask(): Promise<void> {
      return this.act('ask')
    },

    /** Take it back: WeChat lets nobody do that before 15 s. */
    async cancel(): Promise<void> {
      if (!this.payment || Date.parse(this.payment.may_cancel_at) > serverNow())
        return play('blocked')
      await this.act('cancel')
    },

    async act(what: 'ask' | 'cancel'): Promise<void> {
      if (!this.payment || this.busy) return
      this.busy = true
      try {
        this.take(
          await api.write<Answer>(`/api/pos/payments/${this.payment.tender_id}/${what}`, {}),
        )
      } catch (error) {
        this.missed(error)
      } finally {
        this.busy = false
      }
    },

    take({ payment, receipt }: Answer): void {
      Object.assign(this, { payment, said: '', deaf: false })
      if (receipt) {
        this.end()
        useSale().sold(receipt)
      } else if (payment.state === 'reversed') this.takenBack(payment.words)
      else this.later()
    },

    missed(error: unknown): void {
      Object.assign(this, { said: sentence(error), deaf: true })
      this.later()
    },

    /** Nobody was charged: the basket stays, to be paid another way. */
    takenBack(why: string): void {
      this.end()
      const counter = useCounter()
      counter.panel = 'pay'
      counter.goOn()
      useSale().said = tOr(`code.why.${why}`, t('code.reversed'))
      play('blocked')
      void useBasket().price()
    },

    end(): void {
      clearTimeout(looking)
      this.payment = null
    },

    /** A reload in the middle of charging: what became of that sale, or null when nothing was charged. */
    async ofSale(request_id: string): Promise<Answer | null> {
      try {
        return await api.get<Answer>(`/api/pos/payments/of/${request_id}`)
      } catch (error) {
        if (error instanceof Refused && error.status === 404) return null
        throw error
      }
    },

    /** After a reload or a crash: what was sent to WeChat is finished before anything is sold. */
    async resume(): Promise<void> {
      try {
        const { payments } = await api.get<{ payments: CodePayment[] }>('/api/pos/payments/open')
        const open = payments[0]
        if (open) this.watch(open)
      } catch {
        setTimeout(() => void this.resume(), 4 * LOOK_MS)
      }
    },
  },
})
