import { t } from './i18n'
import { keep, kept } from './kept'

/** What is shown at the counter, as it was last fetched. */
export interface Pickup {
  order_id: number
  parcel_id: number
  no: string
  code: string
  store: string
  address: string
  delegated: boolean
  promise_at: string | null
}

const MOST = 5

const all = (): Pickup[] => kept<Pickup[]>('pickups') ?? []

/** The code of an order as it was last fetched, for when there is no network. */
export function keptPickup(order_id: number): Pickup | null {
  return all().find((one) => one.order_id === order_id) ?? null
}

export function keepPickup(pickup: Pickup): void {
  keep('pickups', [pickup, ...all().filter((one) => one.order_id !== pickup.order_id)].slice(0, MOST))
}

export function forgetPickup(order_id: number): void {
  keep('pickups', all().filter((one) => one.order_id !== order_id))
}

/** Where a friend sees the code.  It carries the code itself: no number of an order opens anything. */
export function friendLink(of: Pick<Pickup, 'code' | 'store' | 'address'>): string {
  return `/pages/pickup/fetch?code=${of.code}&store=${encodeURIComponent(of.store)}&address=${encodeURIComponent(of.address)}`
}

/** The same as words to send, with a link for whoever has no WeChat at hand; after the `#` it reaches no server. */
export function friendWords(of: Pickup, server: string): string {
  const code = `${of.code.slice(0, 4)} ${of.code.slice(4)}`
  return t('pickup.words', { store: of.store, address: of.address, code, link: `${server}/mall/#${friendLink(of)}` })
}

/** What a link says; a code that is none is nothing. */
export function readLink(query: Record<string, string | undefined>): { code: string; store: string; address: string } {
  const plain = (text = '') => {
    try {
      return decodeURIComponent(text).slice(0, 80)
    } catch {
      return ''
    }
  }
  const code = query.code ?? ''
  return { code: /^\d{8}$/.test(code) ? code : '', store: plain(query.store), address: plain(query.address) }
}
