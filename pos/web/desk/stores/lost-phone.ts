import { Refused } from '@web/api'
import type { Notice } from '@web/contract-desk'
import { oneAtATime } from '@web/one-at-a-time'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { api } from '../server'
import { STOPS, type Stop, useHandover } from './handover'
import { useOrders } from './orders'
import { useSession } from './session'

const BASE = '/api/desk/pickup/lost-phone'

/** A bag that lies ready for a phone that ends so: no more than this is said of it. */
export interface Waiting {
  id: number
  no: string
  customer: string
  items: number
  /** What became of the newest code that was sent. */
  proof: Notice | null
}

interface State {
  open: boolean
  tail: string
  looked: boolean
  waiting: Waiting[]
  managers: { id: number; name: string }[]
  chosen: Waiting | null
  /** How often the code was sent; 0 before the first. */
  sends: number
  proof: Notice | null
  code: string
  reason: string
  manager: number
  pin: string
  busy: boolean
  said: string
}

const FRESH = { chosen: null, sends: 0, proof: null, code: '', pin: '', said: '' }

/** How often, and after how long each time, the desk looks whether WeChat took the code. */
const LOOKS = 8
const LOOK_MS = 1500

/** Somebody came without the phone: its last digits, a code sent to it, a manager and a reason open the bag. */
export const useLostPhone = defineStore('lostPhone', {
  state: (): State => ({
    ...FRESH,
    open: false,
    tail: '',
    looked: false,
    waiting: [],
    managers: [],
    reason: '',
    manager: 0,
    busy: false,
  }),
  getters: {
    /** Who may approve needs nobody else. */
    alone: (): boolean => useSession().staff?.permissions.includes('pos.approve') ?? false,
    may(state): boolean {
      const agreed = this.alone || (state.manager > 0 && state.pin.length >= 6)
      return /^\d{6}$/.test(state.code) && state.reason.length >= 2 && agreed
    },
  },
  actions: {
    show(): void {
      this.$reset()
      this.open = true
    },

    leave(): void {
      this.$reset()
    },

    async find(): Promise<void> {
      if (!/^\d{4}$/.test(this.tail)) return
      await this.run(async () => {
        const path = `${BASE}?tail=${this.tail}`
        const said = await api.get<{ parcels: Waiting[]; managers: State['managers'] }>(path)
        const manager = said.managers[0]?.id ?? 0
        Object.assign(this, FRESH, { looked: true, waiting: said.parcels, managers: said.managers })
        this.manager = manager
      })
    },

    choose(one: Waiting): void {
      Object.assign(this, FRESH, { chosen: one })
    },

    async send(): Promise<void> {
      const about = { parcel_id: this.chosen?.id, tail: this.tail }
      await this.run(async () => {
        this.sends = (await api.write<{ sends: number }>(`${BASE}/send`, about)).sends
        play('ok')
      })
      if (!this.said) void this.follow(LOOKS)
    },

    /** Whether the code that was sent arrived; quietly, while this bag is looked at. */
    async follow(left: number): Promise<void> {
      const { chosen, sends, tail } = this
      await new Promise((done) => setTimeout(done, LOOK_MS))
      const said = await api
        .get<{ parcels: Waiting[] }>(`${BASE}?tail=${tail}`)
        .catch(() => ({ parcels: [] as Waiting[] }))
      if (!chosen || this.chosen?.id !== chosen.id || this.sends !== sends) return
      this.proof = said.parcels.find((one) => one.id === chosen.id)?.proof ?? this.proof
      if (left > 1 && (this.proof?.state ?? 'queued') === 'queued') await this.follow(left - 1)
    },

    async handOver(): Promise<void> {
      const { chosen, tail, code, reason, manager, pin } = this
      if (!chosen || !this.may) return
      const by = this.alone ? {} : { approver: { staff_id: manager, pin } }
      await this.run(async () => {
        const body = { parcel_id: chosen.id, tail, code, reason, ...by }
        await api.write(`${BASE}/hand-over`, body)
        play('paid')
        this.leave()
        const orders = useOrders()
        orders.show('done')
        orders.handedOver = chosen.no
        orders.refresh()
      })
      this.pin = ''
    },

    /** A wrong code is said here; a lock of this device has its own screen, as at the counter. */
    run(work: () => Promise<void>): Promise<void> {
      return oneAtATime(this, work, (error) => {
        if (error instanceof Refused && error.code === 'pickup_locked') this.stop(error)
      })
    },

    stop(error: Refused): void {
      const code = STOPS.find((one) => one === error.code) as Stop
      this.leave()
      useHandover().stop = { code, message: error.message, facts: error.facts }
    },
  },
})
