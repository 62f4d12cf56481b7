import { Refused, sentence, Unreachable } from '@web/api'
import type { Colleague, Shift, Staff, Till, TillChoice } from '@web/contract'
import { t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { defineStore } from 'pinia'
import { refusesPin, rememberPin } from '../offline/pins'
import { learnReceiptUrl } from '../print/token'
import { api } from '../server'
import { useAlone } from './alone'
import { useShift } from './shift'

export type Stage =
  | 'starting' | 'down' | 'login' | 'register' | 'pin' | 'shift' | 'forgotten' | 'closing' | 'sale' // biome-ignore format: one line reads best

interface Session {
  stage: Stage
  said: string
  till: Till | null
  colleagues: Colleague[]
  staff: Staff | null
  shift: Shift | null
  choices: TillChoice[]
  /** Whose badge was shown last. */
  badge: number | null
}

interface Remembered {
  till: Till
  colleagues: Colleague[]
  shift: Shift | null
  at: number
}

/** So long a till goes on without having spoken to the server. */
const REMEMBER_MS = 72 * 3600_000

/** Which till this is, who stands at it, and the shift that is running. */
export const useSession = defineStore('session', {
  state: (): Session => ({
    stage: 'starting',
    said: '',
    till: null,
    colleagues: [],
    staff: null,
    shift: null,
    choices: [],
    badge: null,
  }),
  getters: {
    /** Who may approve by PIN. */
    managers: (state): Colleague[] =>
      state.colleagues.filter((one) => one.role === 'store_manager'),
  },
  actions: {
    /** Work out where to begin: registered? signed in? shift open? */
    async start(): Promise<void> {
      try {
        await this.whoIsHere()
        if (!kept('till.token')) return await this.beforeRegistration()
        await this.knowTill()
        if (!this.till) return await this.beforeRegistration()
        if (!this.staff) this.stage = 'pin'
        else await this.enter()
      } catch (error) {
        if (error instanceof Unreachable && this.remembered()) return
        this.stage = 'down'
        this.said = sentence(error)
      }
    },

    /** Without network the till goes on where it was: the same shift, and whoever proves to be here by PIN. */
    remembered(): boolean {
      const before = kept<Remembered>('till.session')
      if (!before || Date.now() - before.at > REMEMBER_MS) return false
      const { till, colleagues, shift } = before
      Object.assign(this, { till, colleagues, shift, staff: null, stage: 'pin' })
      return true
    },

    remember(): void {
      const { till, colleagues, shift } = this
      keep('till.session', till && { till, colleagues, shift, at: Date.now() })
    },

    async whoIsHere(): Promise<void> {
      try {
        this.staff = (await api.get<{ staff: Staff }>('/api/staff/me')).staff
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        this.staff = null
      }
    },

    /** Forgets the token when the server no longer accepts it. */
    async knowTill(): Promise<void> {
      try {
        const answer = await api.get<{ till: Till; colleagues: Colleague[]; receipt_url: string }>(
          '/api/pos/till',
        )
        learnReceiptUrl(answer.receipt_url)
        this.till = answer.till
        this.colleagues = answer.colleagues
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        keep('till.token', null)
        this.till = null
      }
    },

    async beforeRegistration(): Promise<void> {
      if (!this.staff) {
        this.stage = 'login'
        return
      }
      const answer = await api.get<{ tills: TillChoice[] }>('/api/pos/tills')
      this.choices = answer.tills
      this.stage = 'register'
    },

    async signIn(login: string, password: string): Promise<string | null> {
      try {
        const body = { login, password }
        this.staff = (await api.write<{ staff: Staff }>('/api/staff/login', body)).staff
        api.anew()
        if (this.till) await this.enter()
        else await this.start()
        return null
      } catch (error) {
        return sentence(error)
      }
    },

    async register(till_id: number): Promise<string | null> {
      try {
        const path = `/api/pos/tills/${till_id}/register`
        const answer = await api.write<{ till: Till; token: string }>(path, {})
        keep('till.token', answer.token)
        await this.knowTill()
        await this.enter()
        return null
      } catch (error) {
        return sentence(error)
      }
    },

    async pin(staff_id: number, pin: string): Promise<string | null> {
      try {
        this.staff = (await api.write<{ staff: Staff }>('/api/pos/pin', { staff_id, pin })).staff
        api.anew()
        void rememberPin(staff_id, pin)
        await this.enter()
        return null
      } catch (error) {
        return error instanceof Unreachable ? this.pinAlone(staff_id, pin) : sentence(error)
      }
    },

    async pinAlone(staff_id: number, pin: string): Promise<string | null> {
      const who = this.colleagues.find((one) => one.id === staff_id)
      if (!who) return t('alone.noPin')
      const refused = await refusesPin(staff_id, pin)
      if (refused) return refused
      this.staff = { ...who, login: '', store_id: this.till?.store_id ?? null } as Staff
      this.stage = this.shift ? 'sale' : 'shift'
      return null
    },

    /** From "somebody is here" to the sale screen, or to counting or opening a shift first. */
    async enter(): Promise<void> {
      await useShift().load()
      this.stage = this.shift ? 'sale' : 'shift'
      this.remember()
    },

    /** A colleague showed their badge: the till is theirs once they typed their PIN. */
    lockFor(staff_id: number): void {
      this.badge = staff_id
      this.lock()
    },

    /** Hand the till to a colleague: basket and shift stay. */
    lock(): void {
      this.staff = null
      this.stage = this.till ? 'pin' : 'login'
    },

    /** Refused while sales are only here: who signs in next might clear this browser. */
    async signOut(): Promise<string> {
      const unsent = await useAlone().unsent()
      if (unsent) return unsent
      await api.write('/api/staff/logout', {}).catch(() => undefined)
      this.lock()
      return ''
    },
  },
})
