import { sentence } from '@web/api'
import type { Approval, ApprovalAction, ApprovalWhat } from '@web/contract'
import { type Key, t } from '@web/i18n'
import { play } from '@web/sounds'
import { serverNow } from '@web/time'
import { defineStore } from 'pinia'
import { refusesPin, rememberPin } from '../offline/pins'
import { api } from '../server'
import { useAlone } from './alone'

/** One action that needs a manager: `subject` names the thing as the server does, `reasons` are to choose from. */
export interface Wanted {
  action: ApprovalAction
  subject: string
  what?: ApprovalWhat
  reasons: readonly Key[]
  /** The word is good for a time, not for one action. */
  lasts?: boolean
}

/**
 * A manager's word: `id` goes with the action's request; without network there is none, only who and why: the `reason` as
 * they read it, and `why`, the one they chose.
 */
export interface Word {
  id: number | null
  approver_id: number
  reason: string
  why?: Key | null
}

interface State {
  wanted: Wanted | null
  said: string
  busy: boolean
  why: Key | null
  /** What was asked at the desk and is not decided yet. */
  asked: Approval | null
}

const ASK_MS = 1500

let answer: ((word: Word | null) => void) | null = null

/** Asks a manager for exactly one action; the cashier stays who they are. */
export const useApproval = defineStore('approval', {
  state: (): State => ({ wanted: null, said: '', busy: false, why: null, asked: null }),
  actions: {
    /** Resolves with the manager's word, or null when nobody gave it. One question at a time. */
    ask(wanted: Wanted): Promise<Word | null> {
      this.cancel()
      const why = wanted.reasons[0] ?? null
      Object.assign(this, { wanted, said: '', busy: false, why, asked: null })
      play('blocked')
      return new Promise((resolve) => {
        answer = resolve
      })
    },

    end(word: Word | null): void {
      Object.assign(this, { wanted: null, said: '', busy: false, asked: null })
      answer?.(word)
      answer = null
    },

    cancel(): void {
      if (this.asked) void this.withdraw(this.asked.id)
      if (this.wanted) this.end(null)
    },

    async withdraw(id: number): Promise<void> {
      await api.write(`/api/pos/approvals/${id}/withdraw`, {}).catch(() => undefined)
    },

    refuse(words: string): void {
      play('blocked')
      this.said = words
    },

    /** The manager stands here: their PIN, and why. */
    async byPin(staff_id: number, pin: string, reason: string): Promise<void> {
      if (!this.wanted || this.busy) return
      if (!/^\d{6,12}$/.test(pin)) return this.refuse(t('possession.pinFormat'))
      this.busy = true
      this.said = ''
      try {
        if (useAlone().isAlone) return await this.byPinAlone(staff_id, pin, reason)
        const { id } = await this.send(reason, { staff_id, pin })
        void rememberPin(staff_id, pin)
        if (this.asked) void this.withdraw(this.asked.id)
        this.end({ id, approver_id: staff_id, reason, why: this.why })
      } catch (error) {
        this.refuse(sentence(error))
      } finally {
        this.busy = false
      }
    },

    /** Without network a PIN counts that was good here in the last three days; what it let happen is told later. */
    async byPinAlone(approver_id: number, pin: string, reason: string): Promise<void> {
      const refused = await refusesPin(approver_id, pin)
      if (refused) return this.refuse(refused)
      this.end({ id: null, approver_id, reason, why: this.why })
    },

    /** The manager is elsewhere: they read it at the store desk. */
    async atDesk(reason: string): Promise<void> {
      if (!this.wanted || this.busy || this.asked) return
      if (useAlone().isAlone) return this.refuse(t('approval.deskAlone'))
      this.busy = true
      this.said = ''
      try {
        this.asked = await this.send(reason)
        void this.watch(this.asked.id)
      } catch (error) {
        this.refuse(sentence(error))
      } finally {
        this.busy = false
      }
    },

    async send(reason: string, approver?: { staff_id: number; pin: string }): Promise<Approval> {
      const { action, subject, what = {} } = this.wanted as Wanted
      const form = { action, subject, reason, what, ...(approver && { approver }) }
      return (await api.write<{ approval: Approval }>('/api/pos/approvals', form)).approval
    },

    async watch(id: number): Promise<void> {
      while (this.asked?.id === id) {
        await new Promise((done) => setTimeout(done, ASK_MS))
        if (this.asked?.id !== id) return
        const path = `/api/pos/approvals/${id}`
        const found = await api.get<{ approval: Approval }>(path).catch(() => null)
        if (found && this.asked?.id === id) this.decided(found.approval)
      }
    },

    decided({ id, state, approver_id, approver_name, reason, until_at }: Approval): void {
      if (state === 'approved' && approver_id) this.end({ id, approver_id, reason, why: this.why })
      else if (state !== 'asked' || Date.parse(until_at) < serverNow()) {
        this.asked = null
        this.refuse(
          state === 'refused'
            ? t('approval.refused', { name: approver_name ?? '' })
            : t('approval.over'),
        )
      }
    },
  },
})
