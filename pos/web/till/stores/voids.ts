import { type Key, t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { yuan } from '@web/money'
import { requestId } from '@web/request-id'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { toldOf, type Voided, type VoidReason, voidOf } from '../offline/void'
import { api } from '../server'
import { useAlone } from './alone'
import { useApproval, type Word } from './approval'
import { useBasket } from './basket'
import { useCounter } from './counter'
import { useSale } from './sale'
import { useSession } from './session'

/** A voided basket, and the id of the request that tells it, which is its document's as well. */
interface Told {
  request_id: string
  voided: Voided
}

const REASONS: readonly VoidReason[] = ['left', 'wrong', 'money', 'again']
export const VOID_REASONS = REASONS.map((one): Key => `void.reason.${one}`)
const KEPT = 'till.voids'
const EVERY_MS = 5_000

let watching = 0
let telling = false

/** Voiding the whole ticket: never without a trace, and once money was asked for not without a manager. */
export const useVoids = defineStore('voids', {
  state: () => ({ waiting: kept<Told[]>(KEPT) ?? [], at: 0 }),
  actions: {
    async watch(): Promise<void> {
      watching += 1
      const mine = watching
      while (mine === watching) {
        await this.tell()
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
      if (word) this.end(id, REASONS[VOID_REASONS.indexOf(word.why as Key)] ?? 'wrong', word)
    },

    step(by: number): void {
      this.at = (this.at + by + VOID_REASONS.length) % VOID_REASONS.length
    },

    enter(digit: string): void {
      const reason = REASONS[digit ? Number(digit) - 1 : this.at]
      if (reason) this.end(requestId(), reason, null)
      else play('blocked')
    },

    end(id: string, reason: VoidReason, word: Word | null): void {
      const basket = useBasket()
      const counter = useCounter()
      const sum = basket.shownPayable
      const { held, ticket } = basket
      const { staff, shift } = useSession()
      if (!staff || !shift) return
      const voided: Voided = {
        id,
        reason,
        lines: basket.lines.map((line) => ({
          name: line.name,
          qty: line.qty,
          list_fen: basket.amountOf(line),
        })),
        told_fen: sum,
        after_subtotal: ticket.subtotal,
        approval_id: word?.id ?? null,
        approver_id: word && !word.id ? word.approver_id : null,
        held_id: held?.id ?? null,
        held_version: held?.version ?? 0,
        staff_id: staff.id,
        shift_id: shift.id,
        shift_uuid: shift.uuid,
      }
      this.waiting.push({ request_id: requestId(), voided })
      keep(KEPT, this.waiting)
      basket.clear()
      Object.assign(useSale(), { walletText: '', cashPart_fen: 0, said: '' })
      counter.sheet = null
      counter.panel = 'entry'
      counter.say('info', t('void.done', { amount: yuan(sum) }))
      play('ok')
      void this.tell()
    },

    /**
     * Told once; what is not answered, or refused, goes into the chain of this device, where nothing is ever dropped:
     * the server books it, or puts it on the desk with the reason.
     */
    async tell(): Promise<void> {
      if (telling) return
      telling = true
      try {
        for (const one of [...this.waiting]) {
          if (!((await told(one)) || (await chained(one)))) continue
          this.waiting = this.waiting.filter((other) => other.request_id !== one.request_id)
          keep(KEPT, this.waiting.length > 0 ? this.waiting : null)
        }
      } finally {
        telling = false
      }
    },
  },
})

/** Whether the server has it. */
async function told({ request_id, voided }: Told): Promise<boolean> {
  if (useAlone().isAlone) return false
  try {
    await api.write('/api/pos/voids', toldOf(voided), request_id)
    return true
  } catch {
    return false
  }
}

/** Whether it is on this device's disk, under the id that the server may have heard of. */
async function chained({ request_id, voided }: Told): Promise<boolean> {
  if (await useAlone().became(request_id)) return true
  const written = await useAlone().write((place) => voidOf(voided, place), request_id)
  return typeof written !== 'string'
}
