import type { DeskLine, DeskOrder } from '@web/contract'
import { codesOf } from './codes'
import { tail } from './picking'

/** At most so many parcels are walked at once (rules 3.17). */
export const MOST_TOTES = 12

export interface Tote {
  parcel: number
  letter: string
  no: string
  tail: string
}

/** One thing to fetch for one tote. */
export interface Stop extends DeskLine {
  key: string
  parcel: number
  letter: string
}

export interface Wave {
  /** The store's wave that it is; without one it is a walk of one's own, for one order or without network. */
  id?: number
  opened_at: string
  totes: Tote[]
  stops: Stop[]
}

export const keyOf = (parcel: number, line_no: number) => `${parcel}:${line_no}`

const WARMER = { ambient: 0, chilled: 1, frozen: 2 }

/** By temperature, so that the cold is fetched last, then by shelf as one walks, then the same goods together. */
function path(one: Stop, other: Stop): number {
  const place = (stop: Stop) => stop.shelf || '\uffff'
  return (
    WARMER[one.temperature] - WARMER[other.temperature] ||
    place(one).localeCompare(place(other), 'en', { numeric: true }) ||
    one.sku_id - other.sku_id ||
    one.letter.localeCompare(other.letter)
  )
}

/** Parcels as one walk: each gets a tote, its lines become stops. */
export function waveOf(orders: readonly DeskOrder[], now: number): Wave {
  const chosen = orders.slice(0, MOST_TOTES)
  return walked(
    chosen.map((order, index) => [order, index + 1]),
    now,
  )
}

/** A wave of the store from its cards: its totes, and of their lines those of its temperature. */
export function waveFrom(orders: readonly DeskOrder[], id: number, now: number): Wave | null {
  const mine = orders.flatMap((order) => {
    const wave = order.waves?.find((one) => one.wave_id === id)
    return wave ? [{ order, ...wave }] : []
  })
  const [first] = mine
  if (!first) return null
  mine.sort((one, other) => one.tote - other.tote)
  const wave = walked(
    mine.map(({ order, tote }) => [order, tote]),
    now,
    first.temperature,
  )
  return { ...wave, id }
}

function walked(
  chosen: readonly (readonly [DeskOrder, number])[],
  now: number,
  temperature?: DeskLine['temperature'],
): Wave {
  const letter = (tote: number) => String.fromCharCode(64 + tote)
  const totes = chosen.map(([order, tote]) => ({
    parcel: order.id,
    letter: letter(tote),
    no: order.no,
    tail: tail(order),
  }))
  const stops = chosen.flatMap(([order, tote]) =>
    order.lines
      .filter((line) => !temperature || line.temperature === temperature)
      .map((line) => ({
        ...line,
        key: keyOf(order.id, line.line_no),
        parcel: order.id,
        letter: letter(tote),
      })),
  )
  return { opened_at: new Date(now).toISOString(), totes, stops: stops.sort(path) }
}

/** What of the same goods goes into which tote, where several want them: taken once, put to each. */
export function slotsOf(wave: Wave, at: number): Stop[] {
  const sku = wave.stops[at]?.sku_id
  const same = wave.stops.filter((stop) => stop.sku_id === sku && stop.qty > stop.short_qty)
  return same.length > 1 ? same : []
}

export interface OpenWave {
  id: number
  temperature: DeskLine['temperature']
  picker: string
  totes: number
}

/** The open waves that cards stand in, the oldest first. */
export function openWaves(orders: readonly DeskOrder[]): OpenWave[] {
  const found = new Map<number, OpenWave>()
  for (const order of orders.filter((one) => one.stage === 'picking'))
    for (const { wave_id: id, temperature, picker } of order.waves ?? []) {
      const known = found.get(id) ?? { id, temperature, picker: picker ?? '', totes: 0 }
      found.set(id, { ...known, totes: known.totes + 1 })
    }
  return [...found.values()].sort((one, other) => one.id - other.id)
}

export function isDone(stop: DeskLine): boolean {
  return stop.picked_qty + stop.short_qty >= stop.qty
}

/** The next stop with something to fetch from a place on, round once; the place itself when nothing is left. */
export function nextStop(wave: Wave, from: number): number {
  const count = wave.stops.length
  for (let ahead = 0; ahead < count; ahead += 1) {
    const at = (from + ahead) % count
    const stop = wave.stops[at]
    if (stop && !isDone(stop)) return at
  }
  return from
}

export type Progress = {
  done: number
  all: number
}

/** How far a walk is, in stops; of one tote when its letter is given. */
export function progressOf(wave: Wave, letter?: string): Progress {
  const mine = wave.stops.filter((stop) => !letter || stop.letter === letter)
  return { done: mine.filter(isDone).length, all: mine.length }
}

/** What a scan at a stop is: the thing itself, another thing of the walk, or none of it. */
export function scanned(wave: Wave, at: number, code: string): 'right' | 'full' | Stop | null {
  const codes = codesOf(code)
  const fits = (stop: Stop) => stop.barcode !== null && codes.includes(stop.barcode)
  const here = wave.stops[at]
  if (here && fits(here)) return isDone(here) ? 'full' : 'right'
  return wave.stops.find((stop) => fits(stop) && !isDone(stop)) ?? wave.stops.find(fits) ?? null
}
