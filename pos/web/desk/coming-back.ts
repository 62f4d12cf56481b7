import type { DeskLine } from '@web/contract'

/** Units of a line that came back of a delivery; what of it is in neither is missing. */
export interface Found {
  good: number
  damaged: number
}
/** What was found, by line. */
export type CameBack = Record<number, Found>
type Handed = Pick<DeskLine, 'line_no' | 'handed_qty' | 'weighed'>

const NOTHING: Found = { good: 0, damaged: 0 }

/** Everything is back and good, until somebody looked. */
export function allGood(lines: readonly Handed[]): CameBack {
  return Object.fromEntries(
    lines.map((line) => [line.line_no, { good: line.handed_qty, damaged: 0 }]),
  )
}

/** Units of a line that are missing. */
export function missing(found: CameBack, line: Handed): number {
  const { good, damaged } = found[line.line_no] ?? NOTHING
  return line.handed_qty - good - damaged
}

/** One unit more or fewer, weighed goods all at once; never more in all than were handed over. */
export function move(found: CameBack, line: Handed, sort: keyof Found, by: 1 | -1): CameBack {
  const now = { ...(found[line.line_no] ?? NOTHING) }
  const other = sort === 'good' ? 'damaged' : 'good'
  now[sort] = line.weighed ? (by > 0 ? line.handed_qty : 0) : now[sort] + by
  now[sort] = Math.min(Math.max(now[sort], 0), line.handed_qty)
  now[other] = Math.min(now[other], line.handed_qty - now[sort])
  return { ...found, [line.line_no]: now }
}

/** Units in all that are damaged, and that are missing: lines, not pieces, of weighed goods. */
export function lacking(found: CameBack, lines: readonly Handed[]): [number, number] {
  const count = (line: Handed, units: number) => (line.weighed ? Math.min(units, 1) : units)
  const sum = (units: (line: Handed) => number) =>
    lines.reduce((all, line) => all + count(line, units(line)), 0)
  return [sum((line) => found[line.line_no]?.damaged ?? 0), sum((line) => missing(found, line))]
}
