import { sentence } from '@web/api'
import type { Colleague, Seller } from '@web/contract'
import { t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { whoseBadge } from '../scan/badge'
import { api } from '../server'
import { useBasket } from './basket'
import { useCounter } from './counter'

const KEPT = 'till.sellers'
const MOST = 3
const ALL_BP = 10_000

interface State {
  people: Colleague[]
  /** The chosen line alone, instead of the whole basket. */
  ofLine: boolean
  picked: Seller[]
  said: string
}

/** Who sells a line, or the whole basket: up to three colleagues, whose parts are 100 %. */
export const useSellers = defineStore('sellers', {
  state: (): State => ({
    people: kept<Colleague[]>(KEPT) ?? [],
    ofLine: false,
    picked: [],
    said: '',
  }),
  getters: {
    nameOf: (state) => (id: number) => state.people.find((one) => one.id === id)?.name ?? `#${id}`,
    words() {
      return (sellers: readonly Seller[]): string =>
        sellers
          .map(({ staff_id, bp }) => {
            const part = bp === ALL_BP ? '' : ` ${bp / 100}%`
            return `${this.nameOf(staff_id)}${part}`
          })
          .join('、')
    },
  },
  actions: {
    async open(): Promise<void> {
      Object.assign(this, { ofLine: false, said: '' })
      this.show()
      useCounter().sheet = 'sellers'
      await this.load()
    },

    /** Without network those who were here before are shown. */
    async load(): Promise<void> {
      try {
        this.people = (await api.get<{ sellers: Colleague[] }>('/api/pos/sellers')).sellers
        keep(KEPT, this.people)
      } catch (error) {
        if (this.people.length === 0) this.said = sentence(error)
      }
    },

    show(): void {
      const basket = useBasket()
      const line = this.ofLine ? basket.selected : basket.lines.find((one) => one.sellers)
      this.picked = (line?.sellers ?? []).map((one) => ({ ...one }))
    },

    turn(): void {
      this.ofLine = !this.ofLine
      this.show()
    },

    /** A number of the list or a badge takes somebody on or off, "2=60" says how much, nothing more is done. */
    enter(text: string): boolean {
      this.said = ''
      const asked = /^(\d{1,12})(?:[=*](\d{1,3}))?$/.exec(text)
      if (!text) return this.apply()
      if (text.startsWith('TB.')) {
        void this.badge(text)
        return false
      }
      const id = asked && this.people[Number(asked[1]) - 1]?.id
      if (!id) return this.refuse(t('sellers.unknown'))
      if (asked?.[2]) return this.part(id, Number(asked[2]) * 100)
      return this.pick(id)
    },

    async badge(code: string): Promise<void> {
      const said = await whoseBadge(code)
      if (typeof said === 'string') this.refuse(said)
      else this.pick(said)
    },

    pick(id: number): boolean {
      const without = this.picked.filter((one) => one.staff_id !== id)
      if (without.length === this.picked.length && without.length === MOST)
        return this.refuse(t('sellers.most'))
      const chosen =
        without.length < this.picked.length ? without : [...without, { staff_id: id, bp: 0 }]
      this.picked = evenly(chosen)
      return false
    },

    /** One says how much, the others share what is left evenly. */
    part(id: number, bp: number): boolean {
      const others = this.picked.filter((one) => one.staff_id !== id)
      const known = others.length < this.picked.length
      const left = ALL_BP - bp
      if (!known || bp < 1 || left < others.length * 100 || (others.length === 0 && left > 0))
        return this.refuse(t('sellers.parts'))
      const shared = evenly(others, left)
      this.picked = this.picked.map((one) =>
        one.staff_id === id
          ? { ...one, bp }
          : (shared.find((other) => other.staff_id === one.staff_id) ?? one),
      )
      return false
    },

    refuse(words: string): boolean {
      play('blocked')
      this.said = words
      return false
    },

    apply(): boolean {
      const basket = useBasket()
      const sellers = this.picked.length > 0 ? this.picked.map((one) => ({ ...one })) : undefined
      for (const line of this.ofLine ? [basket.selected] : basket.lines)
        if (line) line.sellers = sellers
      basket.remember()
      useCounter().sheet = null
      play('ok')
      return true
    },
  },
})

/** What is left over goes to the first. */
function evenly(sellers: readonly Seller[], all = ALL_BP): Seller[] {
  const each = Math.floor(all / 100 / sellers.length) * 100
  return sellers.map((one, at) => ({
    ...one,
    bp: at === 0 ? all - each * (sellers.length - 1) : each,
  }))
}
