import type { TalkingPoint } from '@web/contract'
import { defineStore } from 'pinia'
import { api } from '../server'

/** What is worth a word to the customer of this sale; without an answer nothing is said. */
export const useGreeting = defineStore('greeting', {
  state: () => ({ of: null as number | null, points: [] as TalkingPoint[] }),
  actions: {
    async load(member_id: number): Promise<void> {
      if (this.of === member_id) return
      Object.assign(this, { of: member_id, points: [] })
      try {
        const path = `/api/pos/members/${member_id}/talking-points`
        const { points } = await api.get<{ points: TalkingPoint[] }>(path)
        if (this.of === member_id) this.points = points
      } catch {
        this.of = null
      }
    },
  },
})
