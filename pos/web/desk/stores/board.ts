import { sentence } from '@web/api'
import type { Intake, Score, Scoreboard } from '@web/contract'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useSession } from './session'

const EVERY_MS = 60_000
let timer = 0

/** A share in whole percent, or null of nothing. */
export function rate(part: number, whole: number): number | null {
  return whole > 0 ? Math.round((100 * part) / whole) : null
}

/** How the store does, and how much its manager lets it take on. */
export const useBoard = defineStore('board', {
  state: () => ({
    days: 7,
    score: null as Score | null,
    intake: null as Intake | null,
    open: false,
    busy: false,
    said: '',
  }),
  getters: {
    may: (): boolean => useSession().staff?.permissions.includes('desk.intake') ?? false,
  },
  actions: {
    start(): void {
      if (!this.may) return
      void this.load()
      timer = window.setInterval(() => this.load(), EVERY_MS)
    },

    stop(): void {
      clearInterval(timer)
      this.open = false
    },

    async load(): Promise<void> {
      const said = await api.get<Scoreboard>('/api/desk/scoreboard').catch(() => null)
      if (said && !this.busy) Object.assign(this, said)
    },

    async change(what: 'pause' | 'capacity' | 'close-early', body: object): Promise<void> {
      if (this.busy) return
      this.busy = true
      this.said = ''
      try {
        const path = `/api/desk/intake/${what}`
        this.intake = (await api.write<{ intake: Intake }>(path, body)).intake
      } catch (error) {
        this.said = sentence(error)
      } finally {
        this.busy = false
      }
    },
  },
})
