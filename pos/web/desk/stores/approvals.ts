import { sentence } from '@web/api'
import type { Approval } from '@web/contract'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useSession } from './session'

const EVERY_MS = 3_000

let timer = 0

/** What tills ask a manager for, wherever the manager has the desk open: at the counter or on a phone. */
export const useApprovals = defineStore('approvals', {
  state: () => ({ asked: [] as Approval[], busy: 0, said: '' }),
  getters: {
    may: (): boolean => useSession().staff?.permissions.includes('pos.approve') ?? false,
  },
  actions: {
    start(): void {
      if (!this.may) return
      void this.load()
      timer = window.setInterval(() => void this.load(), EVERY_MS)
    },

    stop(): void {
      clearInterval(timer)
    },

    async load(): Promise<void> {
      const path = '/api/desk/approvals'
      const found = await api.get<{ approvals: Approval[] }>(path).catch(() => null)
      if (!found || this.busy) return
      const known = new Set(this.asked.map((one) => one.id))
      if (found.approvals.some((one) => !known.has(one.id))) play('blocked')
      this.asked = found.approvals
    },

    async decide(one: Approval, approve: boolean): Promise<void> {
      if (this.busy) return
      this.busy = one.id
      this.said = ''
      try {
        await api.write(`/api/desk/approvals/${one.id}/decide`, { approve })
      } catch (error) {
        this.said = sentence(error)
      } finally {
        this.busy = 0
        await this.load()
      }
    },
  },
})
