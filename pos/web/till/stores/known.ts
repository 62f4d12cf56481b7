import { Unreachable } from '@web/api'
import type { Member } from '@web/contract'
import { defineStore } from 'pinia'
import { type CardRow, MemberCards, type Part } from '../offline/cards'
import { api } from '../server'

const EVERY_MS = 6 * 3600_000
const AGAIN_MS = 60_000

let cards: MemberCards | null = null
let watching = 0

/** The members whom this till knows without network: for their price, and for points that are counted later. */
export const useKnown = defineStore('known', {
  actions: {
    /** Fetch what changed now and every six hours, until `stop`. */
    async watch(store_id: number): Promise<void> {
      watching += 1
      const mine = watching
      cards ??= new MemberCards(store_id)
      while (mine === watching) {
        const ms = (await this.refresh()) ? EVERY_MS : AGAIN_MS
        await new Promise((done) => setTimeout(done, ms))
      }
    },

    stop(): void {
      watching += 1
    },

    /** Part after part; false where an answer is missing, and what is known stays. */
    async refresh(): Promise<boolean> {
      try {
        let parts = 1
        for (let no = 0; no < parts && cards; no += 1) {
          const path = `/api/pos/member-cards?part=${no}`
          const { body, etag } = await api.getIfChanged<Part>(path, await cards.etag(no))
          if (body) await cards.keep(no, body, etag, Date.now())
          else await cards.confirm(no, Date.now())
          parts = body?.parts ?? Math.max(parts, await cards.parts())
        }
        return true
      } catch {
        return false
      }
    },

    /** Who has this phone or card, when nobody answers; null where the error is not that, or the words are neither. */
    async instead(error: unknown, value: string): Promise<Member[] | null> {
      if (!(error instanceof Unreachable) || !/^(1\d{10}|96\d{14})$/.test(value)) return null
      const found = (await cards?.find(value, Date.now())) ?? []
      return found.map((row) => asMember(row, value))
    },
  },
})

/** As the screens show a member; what they hold is not known here. */
function asMember([id, name, tier]: CardRow, value: string): Member {
  return { id, no: '', name, phone: masked(value), tier, points: 0, pending_points: 0, known: true }
}

/** Who gave a phone without network: a member from the moment on when the server books the sale. */
export function toCome(phone: string, name: string): Member {
  const shown = name ? `${name.slice(0, 1)}${'*'.repeat(name.length - 1)}` : masked(phone)
  const joins = { phone, name }
  const nothing = { no: '', points: 0, pending_points: 0, known: true }
  return { id: 0, name: shown, phone: masked(phone), tier: 'standard', ...nothing, joins }
}

const masked = (value: string): string =>
  value.length === 11
    ? `${value.slice(0, 3)}****${value.slice(-4)}`
    : `${value.slice(0, 2)}…${value.slice(-4)}`
