import { t } from '@web/i18n'
import { requestId } from '@web/request-id'
import { play } from '@web/sounds'
import { clock } from '@web/time'
import { defineStore } from 'pinia'
import { markRaw } from 'vue'
import {
  handedAt,
  handOverOf,
  known,
  learn,
  lockedOf,
  lockedUntil,
  markHanded,
  type Pickups,
  proofOf,
  type Waiting,
  wrong,
} from '../offline/pickups'
import { api } from '../server'
import { useAlone } from './alone'

interface State {
  /** What was scanned or typed before the sheet was open. */
  code: string
  parcel: Waiting | null
  done: boolean
  said: string
  busy: boolean
}

let etag: string | null = null

/** Handing over what lies ready to customers who come while there is no network. */
export const useHandOver = defineStore('handOver', {
  state: (): State => ({ code: '', parcel: null, done: false, said: '', busy: false }),
  actions: {
    /** Learn what lies ready while there is a network. */
    async refresh(): Promise<void> {
      try {
        const found = await api.getIfChanged<Pickups>('/api/pos/sync/pickups', known() && etag)
        etag = found.etag
        learn(found.body)
      } catch {
        // What was known last holds until it is stale.
      }
    },

    begin(code = ''): void {
      Object.assign(this, { code, parcel: null, done: false, said: '', busy: false })
    },

    refuse(said: string): void {
      play('blocked')
      this.said = said
    },

    /** Show what lies under a code; five wrong ones lock this device, and that is told. */
    async look(code: string): Promise<void> {
      if (this.busy) return
      Object.assign(this, { parcel: null, said: '' })
      if (code.startsWith('TP.')) return this.refuse(t('handOver.digits'))
      if (!/^\d{8}$/.test(code)) return this.refuse(t('handOver.format'))
      const locked = lockedUntil()
      if (locked) return this.refuse(t('handOver.locked', { at: at(locked) }))
      const list = known()
      if (!list) return this.refuse(t('handOver.stale'))
      this.busy = true
      const proof = await proofOf(code, list)
      this.busy = false
      const found = list.parcels.find((one) => one.proof === proof)
      if (!found) return this.miss(list.at_ms)
      const gone = handedAt(found)
      if (gone) return this.refuse(t('handOver.gone', { no: found.no, at: at(gone) }))
      this.parcel = markRaw(found)
      play('ok')
    },

    miss(at_ms: number): void {
      const left = wrong()
      if (left > 0) return this.refuse(t('handOver.wrong', { at: at(at_ms), n: left }))
      const until = lockedUntil()
      void useAlone().write((place) => lockedOf(until, place), requestId())
      this.refuse(t('handOver.locked', { at: at(until) }))
    },

    /** The customer has it: written down first, told when there is a network. */
    async hand(): Promise<void> {
      const { parcel } = this
      if (!parcel || this.busy || this.done) return
      this.busy = true
      const written = await useAlone().write((place) => handOverOf(parcel, place), requestId())
      this.busy = false
      if (typeof written === 'string') return this.refuse(written)
      markHanded(parcel)
      this.done = true
      play('paid')
    },
  },
})

const at = (ms: number): string => clock(new Date(ms).toISOString())
