import { sentence, Unreachable } from '@web/api'
import { t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { play } from '@web/sounds'
import { serverNow } from '@web/time'
import { defineStore } from 'pinia'
import { api } from '../server'
import {
  isDone,
  nextStop,
  type Stop,
  scanned,
  slotsOf,
  type Wave,
  waveFrom,
  waveOf,
} from '../waves'
import { useOrders } from './orders'
import { useSession } from './session'

const KEPT = 'desk.wave'

interface State {
  wave: Wave | null
  open: boolean
  at: number
  /** A wrong thing was scanned: nothing goes on until the right one is. */
  wrong: { code: string; name: string } | null
  said: string
}

const FRESH = { at: 0, wrong: null, said: '' }

/** The walk along the shelves.  It needs no network: figures wait in the outbox, and the walk survives a reload. */
export const useWalk = defineStore('walk', {
  state: (): State => ({ wave: kept<Wave>(KEPT), open: false, ...FRESH }),
  getters: {
    stop: (state): Stop | null => state.wave?.stops[state.at] ?? null,
    /** What comes after this, to load its picture ahead. */
    following(): Stop | null {
      const at = this.wave ? nextStop(this.wave, this.at + 1) : this.at
      return at === this.at ? null : (this.wave?.stops[at] ?? null)
    },
    /** Where several totes want the goods of this stop: each with how many. */
    slots: (state): Stop[] => (state.wave ? slotsOf(state.wave, state.at) : []),
    finished: (state): boolean => state.wave?.stops.every(isDone) ?? false,
  },
  actions: {
    /** Walk for these orders; without any the walk that was begun goes on. */
    begin(ids: readonly number[]): void {
      const chosen = useOrders().orders.filter((order) => ids.includes(order.id))
      if (chosen.length > 0) this.wave = waveOf(chosen, serverNow())
      if (!this.wave) return
      Object.assign(this, FRESH, { open: true, at: nextStop(this.wave, 0) })
      this.save()
    },

    /** One walk for several orders: the store's wave, so that no colleague walks for them too; without network mine. */
    async plan(ids: readonly number[]): Promise<void> {
      const orders = useOrders()
      try {
        const about = { parcel_ids: ids, picker_id: useSession().staff?.id ?? null }
        const made = (await api.write<{ waves: { id: number }[] }>('/api/desk/waves', about)).waves
        orders.etag = null
        await orders.poll()
        if (made[0]) this.take(made[0].id)
      } catch (error) {
        if (error instanceof Unreachable) this.begin(ids)
        else orders.tell(sentence(error))
      }
    },

    /** Walk an open wave of the store, mine or a colleague's that goes on. */
    take(id: number): void {
      const wave = waveFrom(useOrders().orders, id, serverNow())
      if (!wave) return
      Object.assign(this, FRESH, { wave, open: true, at: nextStop(wave, 0) })
      this.save()
    },

    leave(): void {
      Object.assign(this, FRESH, { open: false })
    },

    /** The walk is over; what was not picked of a wave may come into another. */
    end(): void {
      if (this.wave?.id !== undefined)
        api.write(`/api/desk/waves/${this.wave.id}/close`, {}).catch(() => undefined)
      this.leave()
      this.wave = null
      this.save()
    },

    save(): void {
      keep(KEPT, this.wave)
    },

    /** Figures, and goods that are given instead, come in while one walks. */
    follow(): void {
      for (const stop of this.wave?.stops ?? []) {
        const line = useOrders()
          .orders.find((order) => order.id === stop.parcel)
          ?.lines.find((one) => one.line_no === stop.line_no)
        if (line) Object.assign(stop, line)
      }
      this.save()
    },

    set(stop: Stop, picked_qty: number): void {
      stop.picked_qty = picked_qty
      useOrders().set(stop.parcel, stop.line_no, picked_qty)
      this.save()
      if (isDone(stop)) this.onward()
    },

    onward(): void {
      if (!this.wave) return
      this.said = ''
      this.at = nextStop(this.wave, this.at)
      if (this.finished) play('paid')
    },

    found(): void {
      if (this.stop && !this.wrong) this.set(this.stop, this.stop.qty - this.stop.short_qty)
    },

    /** Something else first: what is left here comes round again. */
    skip(): void {
      if (this.wave && !this.wrong)
        Object.assign(this, { at: nextStop(this.wave, this.at + 1), said: '' })
    },

    /** The thing in hand: right ones are counted, a wrong one stops the walk until the right one is scanned. */
    scan(code: string): void {
      const { wave, stop } = this
      if (!wave || !stop) return
      const what = scanned(wave, this.at, code)
      if (what === 'right') {
        this.wrong = null
        this.set(stop, stop.weighed ? stop.qty - stop.short_qty : stop.picked_qty + 1)
      } else if (what === 'full') {
        this.wrong = null
        this.said = t('pick.enough', { name: stop.name })
        play('blocked')
      } else {
        this.wrong = { code, name: what?.name ?? '' }
        play('wrong')
      }
    },
  },
})
