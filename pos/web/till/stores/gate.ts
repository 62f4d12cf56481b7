import { type Key, t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { requestId } from '@web/request-id'
import { defineStore } from 'pinia'
import type { HandLimits } from '../offline/by-hand'
import { type AloneRule, type WordAction, wordOf } from '../offline/word'
import { useAlone } from './alone'
import { useApproval, type Word } from './approval'
import { useSession } from './session'

interface State {
  /** Until when managers' words are good on this device, by what they allow. */
  until_ms: Partial<Record<WordAction, number>>
}

const KEPT = 'till.words'
const WHY: readonly Key[] = ['gate.why.network', 'gate.why.power', 'gate.why.queue']

/** A store may want its manager's word before a till goes on without network: asked for once, good for a time. */
export const useGate = defineStore('gate', {
  state: (): State => ({ until_ms: kept<State['until_ms']>(KEPT) ?? {} }),
  actions: {
    /** What the store decided, as far as this device has heard. */
    rule(): AloneRule | null {
      return kept<HandLimits>('till.limits')?.alone ?? null
    },

    /** Until when a word is good, 0 where there is none. */
    goodUntil(action: WordAction, now = Date.now()): number {
      const until = this.until_ms[action] ?? 0
      return until > now ? until : 0
    },

    /** Whether a manager has to be asked before the next sale. */
    isShut(now = Date.now()): boolean {
      return this.rule()?.by_manager === true && this.goodUntil('offline_mode', now) === 0
    },

    /** Ask the manager where that is wanted; in words why nothing may be sold, or nothing. */
    async pass(): Promise<string> {
      if (!this.isShut()) return ''
      const minutes = this.rule()?.minutes ?? 0
      const word = await useApproval().ask({
        action: 'offline_mode',
        subject: `till:${useSession().till?.id ?? 0}`,
        what: { said: t('gate.said', { minutes }) },
        reasons: WHY,
        lasts: true,
      })
      if (!word) return t('gate.refused')
      if (word.id) return t('gate.back')
      return this.write('offline_mode', word, minutes * 60_000)
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
      this.until_ms = { ...this.until_ms, [action]: written.until_ms }
      keep(KEPT, this.until_ms)
      return ''
    },
  },
})
