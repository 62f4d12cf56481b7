import type { BlindDone, BlindWorth, Item } from '@web/contract'
import { t } from '@web/i18n'
import { yuan } from '@web/money'
import { oneAtATime } from '@web/one-at-a-time'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useApproval } from './approval'
import { useBasket } from './basket'
import { useCatalogue } from './catalogue'
import { useWallet } from './wallet'

interface Line {
  sku_id: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  picture: string
  qty: number
  apart: boolean
}

interface State {
  lines: Line[]
  worth: BlindWorth | null
  done: BlindDone | null
  /** A manager's word that no request has used up yet. */
  word: { id: number; reason: string } | null
  busy: boolean
  unsure: boolean
  said: string
}

const REASONS = ['blind.reason.lost', 'blind.reason.gift', 'blind.reason.quality'] as const

/** Goods that come back without any sale: worth the least they cost lately, as stored value of the member. */
export const useBlind = defineStore('blind', {
  state: (): State => ({
    lines: [],
    worth: null,
    done: null,
    word: null,
    busy: false,
    unsure: false,
    said: '',
  }),
  getters: {
    form(state) {
      const lines = state.lines.map(({ sku_id, qty, apart }) => ({
        sku_id,
        qty,
        ...(apart && { aside: qty }),
      }))
      return { member_id: useBasket().member?.id ?? 0, lines }
    },
    worthOf: (state) => (line: Line) =>
      state.worth?.lines.find((one) => one.sku_id === line.sku_id) ?? null,
  },
  actions: {
    begin(): void {
      this.$reset()
    },

    /** One more of what was scanned. */
    async scan(code: string): Promise<void> {
      await oneAtATime(this, async () => {
        this.put(await useCatalogue().lookUp(code, () => undefined))
        play('ok')
      })
      await this.look()
    },

    put(item: Item): void {
      const line = this.lines.find((one) => one.sku_id === item.sku_id)
      if (line) line.qty += item.qty
      else {
        const { sku_id, name, spec, unit, weighed, picture, qty } = item
        this.lines.push({ sku_id, name, spec, unit, weighed, picture, qty, apart: false })
      }
    },

    async step(line: Line, by: number): Promise<void> {
      line.qty += by
      if (line.qty <= 0) this.lines.splice(this.lines.indexOf(line), 1)
      await this.look()
    },

    async look(): Promise<void> {
      const failed = this.said
      this.word = null
      this.worth = null
      if (this.lines.length === 0 || failed) return
      await oneAtATime(this, async () => {
        const path = '/api/pos/blind-returns/preview'
        this.worth = (await api.ask<{ blind: BlindWorth }>(path, this.form)).blind
      })
    },

    /** A manager says so; after a lost answer the same request is sent once more. */
    async confirm(): Promise<void> {
      const { worth, form } = this
      if (!worth || this.busy) return
      const least = Math.min(worth.left_fen.person, worth.left_fen.store)
      if (worth.amount_fen > least) {
        play('blocked')
        this.said = t('blind.capped', { amount: yuan(least) })
        return
      }
      this.word ??= await this.ask(worth)
      if (!this.word) return
      const { id, reason } = this.word
      const body = { ...form, reason, expected_fen: worth.amount_fen, approval_ids: [id] }
      await oneAtATime(this, async () => {
        const answer = await api.write<{ blind_return: BlindDone }>('/api/pos/blind-returns', body)
        this.done = answer.blind_return
        play('paid')
        void useWallet().load(form.member_id)
      })
      if (this.said && !this.unsure) this.word = null
    },

    async ask(worth: BlindWorth): Promise<State['word']> {
      const lines = worth.lines.map((line) => ({
        name: `${line.name} ${line.spec}`.trim(),
        after_fen: line.amount_fen,
      }))
      const word = await useApproval().ask({
        action: 'blind_return',
        subject: `member:${this.form.member_id}`,
        what: { before_fen: 0, after_fen: worth.amount_fen, lines },
        reasons: REASONS,
      })
      return word?.id ? { id: word.id, reason: word.reason } : null
    },
  },
})
