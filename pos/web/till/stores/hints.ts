import type { Hint } from '@web/contract'
import { defineStore } from 'pinia'
import { answered, api } from '../server'
import { useBasket } from './basket'
import { useCatalogue } from './catalogue'
import { useCounter } from './counter'

/** So long nothing was scanned: a hint never stands in a scan's way. */
const QUIET_MS = 800
let turn = 0

/** What is worth a word while goods are rung up; without network, or without an answer, nothing. */
export const useHints = defineStore('hints', {
  state: () => ({ hints: [] as Hint[] }),
  getters: {
    /** Whom and what it is about, in one word that changes with them. */
    about: (): string => {
      const basket = useBasket()
      if (basket.isEmpty && !basket.member?.id) return ''
      return `${basket.member?.id ?? ''}|${basket.lines.map((line) => line.sku_id).join()}`
    },
  },
  actions: {
    /** Ask once it is quiet; what is asked for later makes this answer nothing. */
    async ask(): Promise<void> {
      const mine = ++turn
      this.hints = []
      const about = this.about
      if (!about) return
      await new Promise((done) => setTimeout(done, QUIET_MS))
      if (mine !== turn || !answered.value) return
      const [member, skus] = about.split('|')
      const path = `/api/pos/hints?skus=${skus}${member && `&member_id=${member}`}`
      const found = await api.get<{ hints: Hint[] }>(path).catch(() => null)
      if (mine === turn) this.hints = found?.hints.filter((one) => one.barcode) ?? []
    },

    /** The customer wants it. */
    async take(hint: Hint): Promise<void> {
      const item = await useCatalogue().lookUp(hint.barcode ?? '', () => undefined)
      useCounter().takeResult(item)
    },
  },
})
