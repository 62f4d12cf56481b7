import { oneAtATime } from '@web/one-at-a-time'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useSession } from '../stores/session'
import type { DeskTicket, WholeTicket } from './contract'

const PATH = '/api/desk/service'
const EVERY_MS = 20_000

interface Page {
  tickets: DeskTicket[]
  more: boolean
  waiting: number
  overdue: number
}

let timer: ReturnType<typeof setInterval> | null = null

/** What customers asked, by its clock; one is read and answered. */
export const useService = defineStore('service', {
  state: () => ({
    open: false,
    closed: false,
    loaded: false,
    tickets: [] as DeskTicket[],
    more: false,
    ticket: null as WholeTicket | null,
    waiting: 0,
    overdue: 0,
    busy: false,
    said: '',
  }),
  getters: {
    may: () => useSession().staff?.permissions.includes('desk.service') ?? false,
    ofStore: () => useSession().staff?.store_id != null,
  },
  actions: {
    /** How many wait, while nobody looks; a late one is heard once. */
    watch(): void {
      this.stop()
      if (!this.may) return
      void this.count()
      timer = setInterval(() => void this.count(), EVERY_MS)
    },

    stop(): void {
      if (timer) clearInterval(timer)
      timer = null
    },

    async count(): Promise<void> {
      const late = this.overdue
      try {
        const found = await api.get<{ waiting: number; overdue: number }>(`${PATH}/waiting`)
        this.$patch(found)
        if (this.overdue > late) play('urgent')
      } catch {
        // The bar says that the network is away.
      }
    },

    async show(closed = false): Promise<void> {
      this.$patch({ open: true, closed, ticket: null, loaded: false, tickets: [], said: '' })
      await this.load()
    },

    leave(): void {
      if (this.ticket) this.$patch({ ticket: null, said: '' })
      else this.open = false
    },

    async load(more = false): Promise<void> {
      await this.run(async () => {
        const asked = new URLSearchParams({ closed: String(this.closed) })
        const last = this.tickets.at(-1)
        if (more && this.closed && last) asked.set('before', String(last.id))
        else if (more) asked.set('skip', String(this.tickets.length))
        const page = await api.get<Page>(`${PATH}?${asked}`)
        const tickets = more ? [...this.tickets, ...page.tickets] : page.tickets
        this.$patch({ ...page, tickets, loaded: true })
      })
    },

    async look(id: number): Promise<void> {
      await this.run(async () => {
        this.ticket = (await api.get<{ ticket: WholeTicket }>(`${PATH}/${id}`)).ticket
      })
    },

    /** One step of the ticket that is read; the list follows. */
    async step(verb: 'answer' | 'hand-on' | 'close', body: object = {}): Promise<boolean> {
      let done = false
      await this.run(async () => {
        const path = `${PATH}/${this.ticket?.id}/${verb}`
        this.ticket = (await api.write<{ ticket: WholeTicket }>(path, body)).ticket
        play('ok')
        done = true
      })
      if (done) await this.load()
      return done
    },

    run(work: () => Promise<void>): Promise<void> {
      return oneAtATime(this, work)
    },
  },
})
