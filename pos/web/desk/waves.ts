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
  const letter = (index: number) => String.fromCharCode(65 + index)
  const totes = chosen.map((order, index) => ({
    parcel: order.id,
    letter: letter(index),
    no: order.no,
    tail: tail(order),
  }))
  const stops = chosen.flatMap((order, index) =>
    order.lines.map((line) => ({
      ...line,
      key: keyOf(order.id, line.line_no),
      parcel: order.id,
      letter: letter(index),
    })),
  )
  return { opened_at: new Date(now).toISOString(), totes, stops: stops.sort(path) }
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
