import { sentence } from '@web/api'
import type { TopUp, TopUpOffer, Wallet } from '@web/contract'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { usePrinter } from '../print/printer'
import { api } from '../server'
import { useBasket } from './basket'

interface State {
  of: number | null
  wallet: Wallet | null
  offers: TopUpOffer[]
  done: TopUp | null
  said: string
  busy: boolean
}

/** The stored value of the member at the till, and topping it up. */
export const useWallet = defineStore('wallet', {
  state: (): State => ({ of: null, wallet: null, offers: [], done: null, said: '', busy: false }),
  getters: {
    total_fen: (state): number =>
      state.of === useBasket().member?.id ? (state.wallet?.total_fen ?? 0) : 0,
  },
  actions: {
    /** Asked anew for every member; without an answer the card shows none, and the sale goes on. */
    async load(member_id: number): Promise<void> {
      if (this.of !== member_id) Object.assign(this, { wallet: null, offers: [] })
      this.of = member_id
      try {
        const path = `/api/pos/members/${member_id}/wallet`
        const answer = await api.get<{ wallet: Wallet; offers: TopUpOffer[] }>(path)
        if (this.of === member_id) Object.assign(this, answer)
      } catch (error) {
        this.said = sentence(error)
      }
    },

    begin(): void {
      Object.assign(this, { done: null, said: '' })
      const member = useBasket().member
      if (member) void this.load(member.id)
    },

    /** Cash into the wallet; pressing again after a lost answer repeats the same top-up. */
    async topUp(amount_fen: number, received_fen: number): Promise<void> {
      const member = useBasket().member
      if (!member || this.busy) return
      this.busy = true
      this.said = ''
      try {
        const form = { member_id: member.id, amount_fen, received_fen }
        const { top_up } = await api.write<{ top_up: TopUp }>('/api/pos/top-ups', form)
        this.done = top_up
        usePrinter().after({ no: top_up.no, path: `top-ups/${top_up.no}` }, amount_fen)
        play('paid')
        void this.load(member.id)
      } catch (error) {
        this.said = sentence(error)
        play('blocked')
      } finally {
        this.busy = false
      }
    },
  },
})

/** The bonus an offer brings for an amount, floored; the server decides, this is what the tile says. */
export function bonusOf(offer: TopUpOffer, amount_fen: number): number {
  const fits =
    offer.from_fen === null ? amount_fen === offer.amount_fen : amount_fen >= offer.from_fen
  if (!fits) return 0
  return offer.bonus_bp === null
    ? (offer.bonus_fen ?? 0)
    : Math.floor((amount_fen * offer.bonus_bp) / 10_000)
}
