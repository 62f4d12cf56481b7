import { Refused } from '@web/api'
import { type Key, t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { yuan } from '@web/money'
import { requestId } from '@web/request-id'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { answered, api } from '../server'
import { useAlone } from './alone'
import { useApproval, type Word } from './approval'
import { useBasket } from './basket'
import { useCounter } from './counter'
import { useSale } from './sale'

/** What is told of a voided basket, under a request id of its own until it is answered. */
interface Told {
  request_id: string
  body: Record<string, unknown>
}

export const VOID_REASONS: readonly Key[] = [
  'void.reason.left',
  'void.reason.wrong',
  'void.reason.money',
  'void.reason.again',
]
const KEPT = 'till.voids'
const EVERY_MS = 5_000

let watching = 0

/** Voiding the whole ticket: never without a trace, and once money was asked for not without a manager. */
export const useVoids = defineStore('voids', {
  state: () => ({ waiting: kept<Told[]>(KEPT) ?? [], at: 0 }),
  actions: {
    async watch(): Promise<void> {
      watching += 1
      const mine = watching
      while (mine === watching) {
        if (answered.value) await this.tell()
        await new Promise((done) => setTimeout(done, EVERY_MS))
      }
    },

    stop(): void {
      watching += 1
    },

    /** Ctrl+Delete: why, and after the subtotal a manager's word for exactly this ticket. */
    async begin(): Promise<void> {
      const basket = useBasket()
      const counter = useCounter()
      this.at = 0
      if (!basket.ticket.subtotal) {
        counter.sheet = 'void'
        return
      }
      const id = requestId()
      const lines = basket.lines.map((line) => ({
        name: line.name,
        before_fen: basket.amountOf(line),
      }))
      const what = { before_fen: basket.shownPayable, after_fen: 0, lines }
      const word = await useApproval().ask({
        action: 'void',
        subject: `ticket:${id}`,
        what,
        reasons: VOID_REASONS,
      })
      if (word) this.end(id, word.reason, word)
    },

    step(by: number): void {
      this.at = (this.at + by + VOID_REASONS.length) % VOID_REASONS.length
    },

    enter(digit: string): void {
      const reason = VOID_REASONS[digit ? Number(digit) - 1 : this.at]
      if (reason) this.end(requestId(), t(reason), null)
      else play('blocked')
    },

    end(id: string, reason: string, word: Word | null): void {
      const basket = useBasket()
      const counter = useCounter()
      const sum = basket.shownPayable
      const { held, ticket } = basket
      const body = {
        id,
        reason,
        lines: basket.lines.map((line) => ({
          name: line.name,
          qty: line.qty,
          list_fen: basket.amountOf(line),
        })),
        payable_fen: sum,
        after_subtotal: ticket.subtotal,
        ...(word?.id && { approval_ids: [word.id] }),
        ...(held && { held_id: held.id, held_version: held.version }),
        ...(useAlone().isAlone && {
          alone: { at: new Date().toISOString(), approver_id: word?.approver_id ?? null },
        }),
      }
      this.waiting.push({ request_id: requestId(), body })
      keep(KEPT, this.waiting)
      basket.clear()
      Object.assign(useSale(), { walletText: '', cashPart_fen: 0, said: '' })
      counter.sheet = null
      counter.panel = 'entry'
      counter.say('info', t('void.done', { amount: yuan(sum) }))
      play('ok')
      void this.tell()
    },

    /** Told until it is answered; what is refused is shown, and no longer told. */
    async tell(): Promise<void> {
      for (const one of [...this.waiting]) {
        try {
          await api.write('/api/pos/voids', one.body, one.request_id)
        } catch (error) {
          if (!(error instanceof Refused) || error.code === 'shift_not_open') return
          useCounter().say('error', error.message)
        }
        this.waiting = this.waiting.filter((other) => other.request_id !== one.request_id)
        keep(KEPT, this.waiting.length > 0 ? this.waiting : null)
      }
    },
  },
})
