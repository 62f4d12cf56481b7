import { sentence } from '@web/api'
import type { ShownMember } from '@web/contract'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useBasket } from './basket'
import { useCounter } from './counter'
import type { Wish } from './kept-basket'
import { useMembers } from './members'

interface State {
  /** What the customer wanted to spend when nobody had proved to be the member. */
  wish: (Wish & { member_id: number }) | null
  /** Where the cashier was, to go on there. */
  from: 'entry' | 'pay' | 'coupons'
  because: string
  said: string
  busy: boolean
}

/** A phone number only says who it is: spending waits here for the member's code, or a manager's word. */
export const usePossession = defineStore('possession', {
  state: (): State => ({ wish: null, from: 'entry', because: '', said: '', busy: false }),
  actions: {
    /** Keep what was wanted, and ask for the code. */
    need(wish: Wish, because: string): void {
      const counter = useCounter()
      const member = useBasket().member
      if (!member) return
      this.from = counter.panel === 'pay' || counter.panel === 'coupons' ? counter.panel : 'entry'
      Object.assign(this, { wish: { ...wish, member_id: member.id }, because, said: '' })
      counter.panel = 'possession'
      play('blocked')
    },

    /** Leave has come: do what was wanted, where it was wanted. */
    granted(member_id: number): void {
      const { wish, from } = this
      this.wish = null
      if (!wish || wish.member_id !== member_id) return
      const basket = useBasket()
      const { points, coupon_ids } = wish
      Object.assign(basket, { points })
      // A wish within the best set is met by the best set; another is the customer's own choice.
      const best = basket.quote?.best_coupon_ids ?? []
      if (coupon_ids.some((id) => !best.includes(id)))
        Object.assign(basket, { coupon_ids, chosenCoupons: true })
      else if (coupon_ids.length > 0)
        Object.assign(basket, { coupon_ids: best, chosenCoupons: false })
      basket.changed()
      useCounter().panel = from
    },

    async approve(staff_id: number, pin: string, reason: string): Promise<void> {
      const member = useBasket().member
      if (!member || this.busy) return
      this.busy = true
      this.said = ''
      try {
        const form = { member_id: member.id, staff_id, pin, reason }
        const shown = await api.write<ShownMember>('/api/pos/members/approve', form)
        useMembers().choose(shown.member, shown.authorisation)
      } catch (error) {
        this.said = sentence(error)
        play('blocked')
      } finally {
        this.busy = false
      }
    },
  },
})
