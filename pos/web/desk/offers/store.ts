import { oneAtATime } from '@web/one-at-a-time'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useSession } from '../stores/session'
import type { Goods, GroupOffer, NewOffer, OneGroup } from './contract'

const PATH = '/api/desk/group-offers'

interface Page<T> {
  before: number | null
  rows: T[]
}

const none = <T>(): Page<T> => ({ before: null, rows: [] })

/** 拼团 of the head office: its offers, how their groups fare, and a new one. */
export const useOffers = defineStore('group-offers', {
  state: () => ({
    open: false,
    making: false,
    loaded: false,
    offers: none<GroupOffer>(),
    /** The offer whose groups are shown. */
    looked: 0,
    groups: none<OneGroup>(),
    found: null as Goods[] | null,
    busy: false,
    said: '',
  }),
  getters: {
    may: () => useSession().staff?.permissions.includes('office.read') ?? false,
    mayMake: () => useSession().staff?.permissions.includes('office.promotions') ?? false,
  },
  actions: {
    async show(): Promise<void> {
      this.$patch({ open: true, making: false, loaded: false, looked: 0, said: '' })
      await this.load()
    },

    leave(): void {
      this.$patch({ open: false, making: false, said: '' })
    },

    async load(more = false): Promise<void> {
      await this.run(async () => {
        const at = more && this.offers.before ? `?before=${this.offers.before}` : ''
        const page = await api.get<{ offers: GroupOffer[]; before: number | null }>(`${PATH}${at}`)
        const rows = more ? [...this.offers.rows, ...page.offers] : page.offers
        this.$patch({ offers: { rows, before: page.before }, loaded: true })
      })
    },

    /** The groups of an offer; a second tap closes them. */
    async look(id: number, more = false): Promise<void> {
      if (this.looked === id && !more) {
        this.looked = 0
        return
      }
      await this.run(async () => {
        const at = more && this.groups.before ? `?before=${this.groups.before}` : ''
        const path = `${PATH}/${id}/groups${at}`
        const page = await api.get<{ groups: OneGroup[]; before: number | null }>(path)
        const rows = more ? [...this.groups.rows, ...page.groups] : page.groups
        this.$patch({ groups: { rows, before: page.before }, looked: id })
      })
    },

    async find(words: string): Promise<void> {
      await this.run(async () => {
        const path = `${PATH}/goods?q=${encodeURIComponent(words)}`
        this.found = (await api.get<{ goods: Goods[] }>(path)).goods
      })
    },

    async make(offer: NewOffer): Promise<boolean> {
      let done = false
      await this.run(async () => {
        await api.write(PATH, offer)
        done = true
      })
      if (!done) return false
      play('paid')
      this.$patch({ making: false, found: null })
      await this.load()
      return true
    },

    /** Pause, resume or end it: as every promotion. */
    async move(id: number, event: 'pause' | 'resume' | 'end'): Promise<void> {
      await this.run(async () => {
        await api.write(`/api/desk/promotions/${id}/${event}`, {})
      })
      const said = this.said
      await this.load()
      this.said ||= said
    },

    run(work: () => Promise<void>): Promise<void> {
      return oneAtATime(this, work)
    },
  },
})
