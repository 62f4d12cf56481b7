import type { ShownMember, TopUp, TopUpRefund } from '@web/contract'
import { t } from '@web/i18n'
import { oneAtATime } from '@web/one-at-a-time'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { usePrinter } from '../print/printer'
import { isTopUpNo } from '../scan/kinds'
import { api } from '../server'
import { useBasket } from './basket'
import { useWallet } from './wallet'

interface State {
  topUp: TopUp | null
  preview: TopUpRefund | null
  /** Shows that the member is here: from their code, or a manager. */
  authorisation: string | null
  done: (TopUpRefund & { no: string }) | null
  said: string
  unsure: boolean
  busy: boolean
}

const fresh = (): State => ({
  topUp: null,
  preview: null,
  authorisation: null,
  done: null,
  said: '',
  unsure: false,
  busy: false,
})

/** Giving a top-up back: what is left of its principal, after the customer has proved to be its owner. */
export const useTopUpBack = defineStore('topUpBack', {
  state: fresh,
  getters: {
    /** WeChat pays the payer back; cash and a bank transfer go to whoever stands here. */
    needsProof: (state): boolean =>
      state.preview !== null && state.preview.kind !== 'wechat' && !state.authorisation,
  },
  actions: {
    begin(): void {
      this.$reset()
    },

    async load(text: string): Promise<void> {
      const no = text.normalize('NFKC').replace(/\s/g, '').toUpperCase()
      if (!isTopUpNo(no)) {
        this.said = t('topBack.noFormat')
        play('unknown')
        return
      }
      Object.assign(this, { topUp: null, preview: null, authorisation: null })
      await this.run(async () => {
        this.topUp = (await api.get<{ top_up: TopUp }>(`/api/pos/top-ups/${no}`)).top_up
        const basket = useBasket()
        if (basket.member?.id === this.topUp.member.id) this.authorisation = basket.authorisation
        await this.look()
        play('ok')
      })
    },

    async look(): Promise<void> {
      const path = `/api/pos/top-ups/${this.topUp?.no}/refund`
      this.preview = (await api.get<{ preview: TopUpRefund }>(path)).preview
    },

    /** The member's code; of another member it proves nothing here. */
    async showCode(code: string): Promise<void> {
      await this.run(async () => {
        this.prove(await api.write<ShownMember>('/api/pos/members/code', { code }))
      })
    },

    async approve(staff_id: number, pin: string): Promise<void> {
      await this.run(async () => {
        const reason = t('topBack.reason')
        const form = { member_id: this.topUp?.member.id, staff_id, pin, reason }
        this.prove(await api.write<ShownMember>('/api/pos/members/approve', form))
      })
    },

    prove(shown: ShownMember): void {
      if (shown.member.id === this.topUp?.member.id) {
        this.authorisation = shown.authorisation
        play('ok')
      } else {
        this.said = t('topBack.another')
        play('blocked')
      }
    },

    /** After a lost answer the same button asks again under the same id: the money goes out once. */
    async confirm(consent: boolean, bank_ref: string): Promise<void> {
      const { topUp, preview, authorisation } = this
      if (!topUp || !preview) return
      await this.run(async () => {
        const form = {
          expected_refund_fen: preview.refund_fen,
          consent,
          authorisation,
          bank_ref: preview.bank ? bank_ref : null,
        }
        const path = `/api/pos/top-ups/${topUp.no}/refund`
        const answer = await api.write<{ refund: TopUpRefund & { no: string } }>(path, form)
        this.done = answer.refund
        if (preview.kind === 'cash' && !preview.bank) void usePrinter().kick(answer.refund.no)
        this.settle(topUp.member.id)
        play('paid')
      })
      if (this.said && !this.unsure) await this.afterRefusal()
    },

    /** What was refused may have changed, or its leave may be used up: look again, and keep the sentence. */
    async afterRefusal(): Promise<void> {
      const said = this.said
      this.authorisation = null
      this.preview = null
      await this.run(() => this.look())
      this.said = said
    },

    /** The leave is used up, and the balance on the member's card is another. */
    settle(member_id: number): void {
      const basket = useBasket()
      if (basket.member?.id !== member_id) return
      if (basket.authorisation === this.authorisation) basket.authorisation = null
      void useWallet().load(member_id)
      basket.changed()
    },

    run(work: () => Promise<void>): Promise<void> {
      return oneAtATime(this, work)
    },
  },
})
