/** What another store would change of a basket, before it does: every figure is the server's. */

import type { Quote, QuoteLine } from '../api/contract'
import type { Fault, CartLine } from './basket'
import { faultOf } from './basket'
import { promotedFen } from './promotions'

export interface LineChange {
  line: CartLine
  /** What the line costs after promotions; null where the store does not sell it. */
  was_fen: number | null
  now_fen: number | null
  was: Fault
  now: Fault
  /** What the other store has; 0 where it does not sell it. */
  free: number
}

export interface Change {
  lines: LineChange[]
  was_fen: number
  now_fen: number
}

function lineOf(quote: Quote | null, sku_id: number): QuoteLine | undefined {
  return quote?.lines.find((one) => one.sku_id === sku_id && !one.gift)
}

/** Every line of the basket in both stores; `lines` are only those that another store changes. */
export function changeOf(basket: readonly CartLine[], here: Quote | null, there: Quote | null): Change {
  const lines = basket.map((line): LineChange => {
    const [before, after] = [lineOf(here, line.sku_id), lineOf(there, line.sku_id)]
    return {
      line,
      was_fen: before ? promotedFen(before) : null,
      now_fen: after ? promotedFen(after) : null,
      was: faultOf(line, before),
      now: faultOf(line, after),
      free: after?.free ?? 0,
    }
  })
  return {
    lines: lines.filter((one) => one.was_fen !== one.now_fen || one.was !== one.now),
    was_fen: here?.payable_fen ?? 0,
    now_fen: there?.payable_fen ?? 0,
  }
}
