import type { FoundLine, Place, Places } from './contract'

export const NOWHERE: Places = { sellable: 0, quarantine: 0, written_off: 0 }

/** How many units of a line are taken, wherever they go. */
export function taken(places: Places | undefined): number {
  return places ? places.sellable + places.quarantine + places.written_off : 0
}

/** The same with `qty` in one place, and never more in all than there are. */
export function put(places: Places | undefined, place: Place, qty: number, most: number): Places {
  const now = places ?? NOWHERE
  const elsewhere = taken(now) - now[place]
  return { ...now, [place]: Math.min(Math.max(qty, 0), Math.max(most - elsewhere, 0)) }
}

/** What is sent: lines of which something is taken. */
export function found(all: Record<number, Places>): FoundLine[] {
  return Object.entries(all)
    .filter(([, places]) => taken(places) > 0)
    .map(([line_no, places]) => ({ line_no: Number(line_no), ...places }))
}

/** Hours left until a moment, rounded down; negative once it is past. */
export function hoursLeft(until: string, now: number): number {
  return Math.floor((Date.parse(until) - now) / 3_600_000)
}
