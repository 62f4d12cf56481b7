import { type Key, t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { yuan } from '@web/money'
import { requestId } from '@web/request-id'
import { defineStore } from 'pinia'
import type { HandLimits } from '../offline/by-hand'
import { type AloneRule, paidByCode, type WordAction, wordOf } from '../offline/word'
import { useAlone } from './alone'
import { useApproval, type Word } from './approval'
import { useSession } from './session'

/** Since when, and until when, a manager's word is good on this device. */
interface Span {
  at_ms: number
  until_ms: number
}

interface State {
  words: Partial<Record<WordAction, Span>>
}

const KEPT = 'till.words'
const WHY: readonly Key[] = ['gate.why.network', 'gate.why.power', 'gate.why.queue']
const WHY_QR: readonly Key[] = ['qr.why.noCash', 'qr.why.network']

/** A store may want its manager's word before a till goes on without network: asked for once, good for a time. */
export const useGate = defineStore('gate', {
  state: (): State => ({ words: kept<State['words']>(KEPT) ?? {} }),
  actions: {
    /** What the store decided, as far as this device has heard. */
    rule(): AloneRule | null {
      return kept<HandLimits>('till.limits')?.alone ?? null
    },

    /** The word that is good at this moment. */
    good(action: WordAction, now = Date.now()): Span | null {
      const word = this.words[action]
      return word && word.until_ms > now ? word : null
    },

    /** Whether a manager has to be asked before the next sale. */
    isShut(now = Date.now()): boolean {
      return this.rule()?.by_manager === true && !this.good('offline_mode', now)
    },

    /** Ask the manager where that is wanted; in words why nothing may be sold, or nothing. */
    async pass(): Promise<string> {
      if (!this.isShut()) return ''
      const minutes = this.rule()?.minutes ?? 0
      return this.ask('offline_mode', t('gate.said', { minutes }), WHY)
    },

    /** Whether the printed code may pay so much, asking the manager where none did; in words why not, or nothing. */
    async passQr(fen: number): Promise<string> {
      const rule = this.rule()
      if (!rule?.qr) return t('qr.off')
      if (!useAlone().isAlone) return t('qr.notAlone')
      if (fen > rule.qr_sale_fen) return t('qr.aboveSale', { amount: yuan(rule.qr_sale_fen) })
      // All that may be refused is refused before the customer pays.
      const shut = await this.pass()
      if (shut) return shut
      if (!this.good('tender_unknown')) {
        const caps = { sale: yuan(rule.qr_sale_fen), outage: yuan(rule.qr_outage_fen) }
        const refused = await this.ask('tender_unknown', t('qr.said', caps), WHY_QR)
        if (refused) return refused
      }
      const since = this.good('tender_unknown')?.at_ms ?? 0
      const left_fen = rule.qr_outage_fen - paidByCode(await useAlone().sold(), since)
      return fen > left_fen ? t('qr.aboveOutage', { amount: yuan(Math.max(0, left_fen)) }) : ''
    },

    async ask(action: WordAction, said: string, reasons: readonly Key[]): Promise<string> {
      const subject = `till:${useSession().till?.id ?? 0}`
      const wanted = { action, subject, what: { said }, reasons, lasts: true }
      const word = await useApproval().ask(wanted)
      if (!word) return t('gate.refused')
      if (word.id) return t('gate.back')
      return this.write(action, word, (this.rule()?.minutes ?? 0) * 60_000)
    },

    /** Put a manager's word into the chain, before what it lets happen; in words why not. */
    async write(
      action: WordAction,
      { approver_id, reason }: Word,
      lives_ms: number,
    ): Promise<string> {
      const said = { action, approver_id, reason }
      const written = await useAlone().write((place) => wordOf(said, lives_ms, place), requestId())
      if (typeof written === 'string') return written
      const { at_ms, until_ms } = written
      this.words = { ...this.words, [action]: { at_ms, until_ms } }
      keep(KEPT, this.words)
      return ''
    },
  },
})
