import { keep, kept } from '@web/kept'
import type { Link, Place } from './document'

/** A parcel that lies ready, as a till knows it without its code (`trade/orders/offline/pickups.py`). */
export interface Waiting {
  proof: string
  store_id: number
  id: number
  no: string
  customer: string
  place: string
  lines: { name: string; spec: string; unit: string; weighed: boolean; qty: number }[]
}

export interface Pickups {
  salt: string
  rounds: number
  parcels: Waiting[]
}

/** A parcel that was handed over without network (`trade/orders/offline/handed.py`). */
export interface HandOverDocument extends Link {
  kind: 'hand_over'
  parcel_store_id: number
  parcel_id: number
  proof: string
  units: number
}

/** Wrong codes locked this device. */
export interface LockedDocument extends Link {
  kind: 'locked'
  tries: number
  until_ms: number
}

interface Known extends Pickups {
  /** When the server last said that it is so. */
  at_ms: number
}

const KEPT = 'till.pickups'
const TRIED = 'till.pickupTries'
const HANDED = 'till.handed'
/** What was not heard of for so long is not known any more. */
const STALE_MS = 12 * 3600_000
export const TRIES = 5
const WINDOW_MS = 10 * 60_000

/** What the server said, or that it still is so (null). */
export function learn(said: Pickups | null, now = Date.now()): void {
  const before = kept<Known>(KEPT)
  const known = said ?? before
  if (known) keep(KEPT, { ...known, at_ms: now })
}

/** What lies ready, as far as that is known; nothing once it is stale, and then it is forgotten. */
export function known(now = Date.now()): Known | null {
  const found = kept<Known>(KEPT)
  if (!found || now - found.at_ms <= STALE_MS) return found
  keep(KEPT, null)
  return null
}

/** The slow hash of a code, as the server makes it of each. */
export async function proofOf(code: string, { salt, rounds }: Pickups): Promise<string> {
  const text = new TextEncoder()
  const bits = ['deriveBits' as const]
  const key = await crypto.subtle.importKey('raw', text.encode(code), 'PBKDF2', false, bits)
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt: text.encode(salt), iterations: rounds }
  const bytes = new Uint8Array(await crypto.subtle.deriveBits(how, key, 128))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const recent = (now: number): number[] =>
  (kept<number[]>(TRIED) ?? []).filter((at) => at > now - WINDOW_MS)

/** Until when no code is looked at, after five wrong ones in ten minutes, through reloads as well; 0 where one may be. */
export function lockedUntil(now = Date.now()): number {
  const tries = recent(now)
  return tries.length < TRIES ? 0 : (tries[0] ?? now) + WINDOW_MS
}

/** Count a wrong code; how many more may be tried. */
export function wrong(now = Date.now()): number {
  const tries = [...recent(now), now]
  keep(TRIED, tries)
  return Math.max(0, TRIES - tries.length)
}

const nameOf = ({ store_id, id }: Pick<Waiting, 'store_id' | 'id'>) => `${store_id}:${id}`

/** When this device handed a parcel over, or null. */
export const handedAt = (parcel: Waiting): number | null =>
  kept<Record<string, number>>(HANDED)?.[nameOf(parcel)] ?? null

/** Remember that it is gone, for as long as the list may still have it. */
export function markHanded(parcel: Waiting, now = Date.now()): void {
  const before = Object.entries(kept<Record<string, number>>(HANDED) ?? {})
  const left = before.filter(([, at]) => now - at <= 2 * STALE_MS)
  keep(HANDED, { ...Object.fromEntries(left), [nameOf(parcel)]: now })
}

export const handOverOf = (parcel: Waiting, place: Place): HandOverDocument => ({
  ...place,
  kind: 'hand_over',
  parcel_store_id: parcel.store_id,
  parcel_id: parcel.id,
  proof: parcel.proof,
  units: parcel.lines.reduce((sum, { qty }) => sum + qty, 0),
})

export const lockedOf = (until_ms: number, place: Place): LockedDocument => ({
  ...place,
  kind: 'locked',
  tries: TRIES,
  until_ms,
})
