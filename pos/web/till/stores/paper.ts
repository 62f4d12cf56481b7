import { sentence } from '@web/api'
import type { Printed } from '@web/contract'
import { t } from '@web/i18n'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { isPaperCode } from '../scan/kinds'
import { api } from '../server'
import { useBasket } from './basket'

interface State {
  claimed: Printed[]
  said: string
  busy: boolean
}

/** Coupons on paper, claimed for the member of this sale. */
export const usePaper = defineStore('paper', {
  state: (): State => ({ claimed: [], said: '', busy: false }),
  actions: {
    begin(): void {
      Object.assign(this, { claimed: [], said: '' })
    },

    /** Newest first; a code is claimed once, however often the button is pressed. */
    async claim(text: string): Promise<boolean> {
      const basket = useBasket()
      if (this.busy || !basket.member) return false
      const code = text.normalize('NFKC').trim().toUpperCase()
      if (!isPaperCode(code)) {
        play('blocked')
        this.said = t('paper.format')
        return false
      }
      this.busy = true
      this.said = ''
      try {
        const form = { member_id: basket.member.id, code }
        const { coupon } = await api.write<{ coupon: Printed }>('/api/pos/coupons/claim', form)
        this.claimed.unshift(coupon)
        basket.changed()
        play('ok')
        return true
      } catch (error) {
        this.said = sentence(error)
        play('blocked')
        return false
      } finally {
        this.busy = false
      }
    },
  },
})
