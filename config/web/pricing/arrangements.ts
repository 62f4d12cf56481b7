/** Phase 2 as the search walks it: which deals in which order, and which lines stay out of them. */

import { bound } from './bounds'
import type { Case } from './case'
import type { Ladder } from './ladders'
import { at, combinations, sorted } from './lists'
import * as multi from './multi'
import { keyOf, type Segment } from './segments'

/** Arrangements looked at; a basket with more is not said to be optimal. */
const MOST = 256

/** Segments of the deals, and per line the ladders for what is left of it; nothing below `bound_fen` comes of it. */
export interface Arrangement {
  readonly bound_fen: number
  readonly segments: readonly Segment[]
  readonly ladders: readonly (readonly Ladder[])[]
}

/** All of them, the lowest bound first; and whether these are all. */
export function arrangements(of: Case): { ways: Arrangement[]; whole: boolean } {
  const found = new Map<string, Arrangement>()
  let [whole, tries] = [true, 0]
  for (const { segments, left } of ways(of)) {
    if (found.size === MOST || tries === 8 * MOST) {
      whole = false
      break
    }
    tries += 1
    const key = keyOf(segments)
    if (found.has(key)) continue
    const choices = left.map((units, line) => (units ? of.ladders(line, units) : []))
    found.set(key, { bound_fen: bound(of, segments, choices), segments, ladders: choices })
  }
  return { ways: sorted([...found.values()], (a, b) => a.bound_fen - b.bound_fen), whole }
}

/** `left` are the units that no deal took. */
interface Way {
  readonly segments: readonly Segment[]
  readonly left: readonly number[]
}

function* ways(of: Case): Generator<Way> {
  const qtys = of.goods.map((good) => good.qty)
  yield { segments: [], left: qtys }
  if (!of.deals.length || sequences(of, [], [], qtys, qtys).next().done) return
  const mayStayOut = qtys
    .map((_, line) => line)
    .filter((line) => at(of.offers, line).length || at(of.solo, line).length)
    .filter((line) => of.deals.some(([, lines]) => lines.includes(line)))
  for (let size = 0; size <= mayStayOut.length; size += 1) {
    for (const out of combinations(mayStayOut, size)) {
      const free = qtys.map((qty, line) => (out.includes(line) ? 0 : qty))
      yield* sequences(of, [], [], free, qtys)
    }
  }
}

/**
 * Every ordered subset of the deals that begins with `done`; of two that share no line only one order.
 *
 * `free` are units that deals may still take, `left` those that no deal took.
 */
function* sequences(
  of: Case,
  done: readonly number[],
  segments: readonly Segment[],
  free: readonly number[],
  left: readonly number[],
): Generator<Way> {
  const last = done.length ? at(done, done.length - 1) : -1
  for (let i = 0; i < of.deals.length; i += 1) {
    const [rule, lines] = at(of.deals, i)
    const groupTaken =
      rule.group && done.some((other) => at(of.deals, other)[0].group === rule.group)
    if (done.includes(i) || groupTaken) continue
    if (i < last && !lines.some((line) => at(of.deals, last)[1].includes(line))) continue
    const taken = multi.take(rule, lines, free, of.goods, of.units_fen, of.most(rule))
    if (!taken) continue
    const [rest, over] = [[...free], [...left]]
    taken.lines.forEach((line, k) => {
      rest[line] = at(rest, line) - at(taken.units, k)
      over[line] = at(over, line) - at(taken.units, k)
    })
    const more = [...segments, ...taken.segments]
    yield { segments: more, left: over }
    yield* sequences(of, [...done, i], more, rest, over)
  }
}
