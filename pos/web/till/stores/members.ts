import { sentence, Unreachable } from '@web/api'
import type { Member, ShownMember } from '@web/contract'
import { t } from '@web/i18n'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { useBasket } from './basket'
import { useCounter } from './counter'
import { toCome, useKnown } from './known'
import { usePossession } from './possession'
import { useSale } from './sale'

/** Finding the customer of this sale, or letting them join. */
export const useMembers = defineStore('members', {
  state: () => ({ found: [] as Member[], busy: false, phone: '', said: '' }),
  actions: {
    async find(text: string): Promise<void> {
      const q = text.replace(/\s/g, '')
      if (!q || this.busy) return
      this.busy = true
      this.said = ''
      try {
        const path = `/api/pos/members?q=${encodeURIComponent(q)}`
        const { members } = await api.get<{ members: Member[] }>(path)
        this.show(members, q)
      } catch (error) {
        const known = await useKnown().instead(error, q)
        if (known) return this.show(known, q)
        play('blocked')
        this.said = sentence(error)
      } finally {
        this.busy = false
      }
    },

    show(members: Member[], q: string): void {
      const [only] = members
      if (only && members.length === 1) return this.choose(only)
      this.found = members
      if (members.length > 0) return
      play('unknown')
      if (/^1\d{10}$/.test(q)) {
        this.phone = q
        useCounter().sheet = 'join'
      } else {
        this.said = t('member.none')
      }
    },

    /** A scanned member code: it says who it is and lets this sale spend what they hold. */
    async showCode(code: string): Promise<void> {
      try {
        const shown = await api.write<ShownMember>('/api/pos/members/code', { code })
        this.choose(shown.member, shown.authorisation)
      } catch (error) {
        useCounter().fail(error)
      }
    },

    /** A scanned plastic card says who it is, and no more: spending still asks for the code. */
    async showCard(no: string): Promise<void> {
      const counter = useCounter()
      try {
        const path = `/api/pos/members?q=${no}`
        const [owner] = (await api.get<{ members: Member[] }>(path)).members
        if (owner) return this.choose(owner)
        play('unknown')
        counter.say('error', t('echo.cardUnknown'), no)
      } catch (error) {
        const [known] = (await useKnown().instead(error, no)) ?? []
        if (known) return this.choose(known)
        counter.fail(error, no)
      }
    },

    /** Whose money is being taken is not changed under way: 3.3. */
    isTooLate(member: Member | null): boolean {
      if (!useSale().isBegun || useBasket().member?.id === member?.id) return false
      play('blocked')
      useCounter().say('error', t('echo.memberLate'))
      return true
    },

    /** Several have these four digits: a digit and Enter says which. False where there is none to choose from. */
    pick(digit: string): boolean {
      const one = /^[1-9]$/.test(digit) ? this.found[Number(digit) - 1] : undefined
      if (one) this.choose(one)
      return one !== undefined
    },

    choose(member: Member, authorisation: string | null = null): void {
      this.found = []
      this.said = ''
      if (this.isTooLate(member)) return
      useBasket().setMember(member, authorisation)
      const counter = useCounter()
      if (counter.panel === 'receipt') counter.panel = 'entry'
      const words = authorisation ? 'echo.memberShown' : 'echo.member'
      counter.say('ok', t(words, { name: member.name, phone: member.phone }))
      play('ok')
      if (authorisation) usePossession().granted(member.id)
    },

    /** Takes the member off the sale and says what went with them. */
    leave(): void {
      if (this.isTooLate(null)) return
      const counter = useCounter()
      counter.say('info', useBasket().leaveMember())
      if (counter.panel !== 'pending') counter.panel = 'entry'
    },

    async join(phone: string, name: string): Promise<string | null> {
      try {
        const { member } = await api.write<{ member: Member }>('/api/pos/members', { phone, name })
        this.choose(member)
        useCounter().sheet = null
        return null
      } catch (error) {
        if (!(error instanceof Unreachable)) return sentence(error)
        this.choose(toCome(phone, name))
        useCounter().sheet = null
        return null
      }
    },

    /** There is a network again: who is known to this till alone is looked up, with all they hold. */
    async meet(): Promise<void> {
      const { member } = useBasket()
      if (!member?.known) return
      const path = `/api/pos/members?q=M${String(member.id).padStart(10, '0')}`
      try {
        const found = member.joins
          ? (await api.write<{ member: Member }>('/api/pos/members', member.joins)).member
          : (await api.get<{ members: Member[] }>(path)).members[0]
        if (found && useBasket().member?.id === member.id) useBasket().setMember(found)
      } catch {
        // The price stays that of the tier known here; asked again when the network is back the next time.
      }
    },

    forget(): void {
      this.found = []
      this.said = ''
    },
  },
})
