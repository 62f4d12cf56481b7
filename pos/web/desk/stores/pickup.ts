import { sentence } from '@web/api'
import type { DeskOrder } from '@web/contract'
import { t } from '@web/i18n'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useOrders } from './orders'

interface State {
  code: string
  order: DeskOrder | null
  busy: boolean
  said: string
}

/** Handing a bag over: the customer's code, what it stands for, and once only the bag. */
export const usePickup = defineStore('pickup', {
  state: (): State => ({ code: '', order: null, busy: false, said: '' }),
  actions: {
    async check(text: string): Promise<void> {
      const code = text.normalize('NFKC').replace(/\D/g, '')
      if (code.length !== 8) {
        play('unknown')
        this.said = t('pickup.format')
        return
      }
      await this.run(async () => {
        const answer = await api.write<{ parcel: DeskOrder }>('/api/desk/pickup/check', { code })
        this.code = code
        this.order = answer.parcel
        play('ok')
      })
    },

    async confirm(): Promise<void> {
      const { code, order } = this
      if (!order) return
      await this.run(async () => {
        await api.write('/api/desk/pickup/hand-over', { code })
        play('paid')
        this.leave()
        const orders = useOrders()
        orders.show('done')
        orders.handedOver = order.no
        orders.refresh()
      })
    },

    leave(): void {
      this.$patch({ code: '', order: null, said: '' })
    },

    async run(work: () => Promise<void>): Promise<void> {
      if (this.busy) return
      this.busy = true
      this.said = ''
      try {
        await work()
      } catch (error) {
        play('blocked')
        this.said = sentence(error)
      } finally {
        this.busy = false
      }
    },
  },
})
