import type { FoundSale, FoundSales, Member } from '@web/contract'
import { t } from '@web/i18n'
import { parseYuan } from '@web/money'
import { oneAtATime } from '@web/one-at-a-time'
import { play } from '@web/sounds'
import { day, serverNow } from '@web/time'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useCatalogue } from './catalogue'

interface State {
  sales: FoundSale[]
  members: Member[]
  /** The question that was asked, for the next page; and where that begins. */
  asked: string
  before: number | null
  /** The sale that Enter opens. */
  at: number
  /** By goods and day, instead of by who bought it. */
  byGoods: boolean
  code: string
  day: string
  yuan: string
  busy: boolean
  said: string
}

const nothing = () => ({ sales: [], members: [], asked: '', before: null, at: 0 })

/** A sale whose receipt is lost: by phone, card, payment number, or by what was bought when. */
export const useFinding = defineStore('finding', {
  state: (): State => ({
    ...nothing(),
    byGoods: false,
    code: '',
    day: day(serverNow()),
    yuan: '',
    busy: false,
    said: '',
  }),
  getters: {
    chosen: (state): FoundSale | undefined => state.sales[state.at],
  },
  actions: {
    begin(): void {
      this.$reset()
    },

    turn(): void {
      Object.assign(this, nothing(), { byGoods: !this.byGoods, said: '' })
    },

    async byPerson(text: string): Promise<void> {
      await this.ask(`/api/pos/sales-found?q=${encodeURIComponent(text.trim())}`)
    },

    async ofMember(id: number): Promise<void> {
      await this.ask(`/api/pos/sales-found?member_id=${id}`)
    },

    async byGoodsAndDay(): Promise<void> {
      const fen = this.yuan.trim() ? parseYuan(this.yuan) : null
      if (this.yuan.trim() && fen === null) return this.refuse(t('pay.format'))
      if (!this.code.trim()) return this.refuse(t('find.goodsFirst'))
      await oneAtATime(this, async () => {
        const { sku_id } = await useCatalogue().lookUp(this.code.trim(), () => undefined)
        const sum = fen === null ? '' : `&payable_fen=${fen}`
        await this.load(`/api/pos/sales-found/goods?sku_id=${sku_id}&day=${this.day}${sum}`)
      })
    },

    refuse(said: string): void {
      play('blocked')
      this.said = said
    },

    ask(path: string): Promise<void> {
      return oneAtATime(this, () => this.load(path))
    },

    async load(path: string): Promise<void> {
      const found = await api.get<FoundSales>(path)
      Object.assign(this, found, { asked: path, at: 0 })
      if (found.sales.length === 0 && found.members.length < 2) this.refuse(t('find.none'))
    },

    more(): Promise<void> {
      return oneAtATime(this, async () => {
        const next = await api.get<FoundSales>(`${this.asked}&before=${this.before}`)
        this.sales.push(...next.sales)
        this.before = next.before
      })
    },

    choose(step: number): void {
      this.at = Math.min(this.sales.length - 1, Math.max(0, this.at + step))
    },
  },
})
