import { sentence, Unreachable } from '@web/api'
import { t } from '@web/i18n'
import { defineStore } from 'pinia'
import { nextTick } from 'vue'
import { focusBox } from '../keys'
import { handOver } from '../scan/hand-over'
import { api } from '../server'
import { useCounter } from './counter'

export type Choice = 'search' | 'temporary' | 'report' | 'ignore' | 'pickup'

const MOST = 9

/** Codes that nobody sells: they stay on the screen until somebody chose what becomes of them, and selling goes on. */
export const useUnknown = defineStore('unknown', {
  state: () => ({ codes: [] as string[], busy: false }),
  getters: {
    newest: (state): string | undefined => state.codes[0],
    /** What may be chosen, in the order of the digits; eight digits may be what a customer fetches by. */
    choices(): Choice[] {
      const pickup: Choice[] = /^\d{8}$/.test(this.newest ?? '') ? ['pickup'] : []
      return ['search', 'temporary', 'report', 'ignore', ...pickup]
    },
  },
  actions: {
    add(code: string): void {
      this.codes = [code, ...this.codes.filter((one) => one !== code)].slice(0, MOST)
    },

    async choose(choice: Choice | undefined): Promise<void> {
      const code = this.newest
      if (!code || !choice || this.busy) return
      if (choice === 'report') return this.report(code)
      if (choice === 'temporary') {
        useCounter().sheet = 'temporary'
        return
      }
      this.drop(code)
      if (choice === 'pickup') handOver(code)
      if (choice === 'search') useCounter().findByName()
      await nextTick()
      focusBox()
    },

    drop(code: string): void {
      this.codes = this.codes.filter((one) => one !== code)
    },

    /** The head office hears of it: somebody there enters the goods, or says where the code comes from. */
    async report(code: string): Promise<void> {
      const counter = useCounter()
      this.busy = true
      try {
        await api.write('/api/pos/unknown-codes', { code })
        this.drop(code)
        counter.say('ok', t('unknown.reported'), code)
      } catch (error) {
        counter.refuse(error instanceof Unreachable ? t('unknown.later') : sentence(error), code)
      } finally {
        this.busy = false
      }
    },
  },
})
