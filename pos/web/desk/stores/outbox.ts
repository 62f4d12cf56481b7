import { Refused } from '@web/api'
import { keep, kept } from '@web/kept'
import { requestId } from '@web/request-id'
import { play } from '@web/sounds'
import { defineStore } from 'pinia'
import { tail } from '../picking'
import { useOrders } from './orders'

/** How much of a line lies in the tote, in all: repeating it, or losing an earlier one, changes nothing. */
export interface Pick {
  id: string
  parcel: number
  line_no: number
  picked_qty: number
  at: number
  /** The order, as people call it. */
  tail: string
}

/** What the server did not take, and why; somebody has to look at that tote. */
export interface Conflict extends Pick {
  said: string
}

const WAITING = 'desk.picks'
const CONFLICTS = 'desk.conflicts'

/** The list with one more figure: it takes the place of an earlier one of the same line that is not on its way. */
export function withPick(waiting: readonly Pick[], pick: Pick, sending: string | null): Pick[] {
  const same = (one: Pick) =>
    one.id !== sending && one.parcel === pick.parcel && one.line_no === pick.line_no
  return [...waiting.filter((one) => !same(one)), pick]
}

/** Picks go out one after the other, wait while there is no network, and survive a reload. */
export const useOutbox = defineStore('outbox', {
  state: () => ({
    waiting: kept<Pick[]>(WAITING) ?? [],
    conflicts: kept<Conflict[]>(CONFLICTS) ?? [],
    sending: null as string | null,
  }),
  actions: {
    put(parcel: number, line_no: number, picked_qty: number): void {
      const order = useOrders().orders.find((one) => one.id === parcel)
      const known = this.waiting.find((one) => one.parcel === parcel)?.tail ?? ''
      const what = { parcel, line_no, picked_qty, tail: order ? tail(order) : known }
      const pick = { id: requestId(), at: Date.now(), ...what }
      this.waiting = withPick(this.waiting, pick, this.sending)
      keep(WAITING, this.waiting)
      void this.flush()
    },

    /** The newest figure that waits for a line, or null. */
    figure(parcel: number, line_no: number): number | null {
      const mine = this.waiting.filter((one) => one.parcel === parcel && one.line_no === line_no)
      return mine.at(-1)?.picked_qty ?? null
    },

    async flush(): Promise<void> {
      if (this.sending) return
      for (let next = this.waiting[0]; next; next = this.waiting[0]) {
        this.sending = next.id
        try {
          if (!(await this.send(next))) return
        } finally {
          this.sending = null
        }
      }
    },

    /** False while there is no answer: the figure stays and is sent again under its own id. */
    async send(pick: Pick): Promise<boolean> {
      const { parcel, line_no, picked_qty, id } = pick
      try {
        await useOrders().write(parcel, 'pick', { line_no, picked_qty }, id)
      } catch (error) {
        if (!(error instanceof Refused)) return false
        if (error.code === 'not_signed_in') return false
        this.conflicts = [...this.conflicts, { ...pick, said: error.message }]
        keep(CONFLICTS, this.conflicts)
        play('blocked')
      }
      this.waiting = this.waiting.filter((one) => one.id !== id)
      keep(WAITING, this.waiting)
      return true
    },

    seen(): void {
      this.conflicts = []
      keep(CONFLICTS, null)
    },
  },
})
