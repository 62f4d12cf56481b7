/** How cheap a basket may become at best, whichever ladders its lines choose. */

import * as activities from './activities'
import { type Case, span, type Voucher } from './case'
import type { Ladder } from './ladders'
import { at, sum } from './lists'
import type { Rule } from './rules'
import type { Segment } from './segments'

/**
 * No choice of ladders makes the goods cheaper than this, in fen.
 *
 * Giving up `r` fen of exclusive prices lifts what a rule is measured on by at most `r`, so it is worth no more than
 * what the rules take off at the thresholds that come into reach, less `r`. Between thresholds only rates grow with
 * `r`: where they come to less than one together a fen for the rounding of each but one is enough, else `r` is free.
 */
export function bound(
  of: Case,
  segments: readonly Segment[],
  choices: readonly (readonly Ladder[])[],
): number {
  const { lowest, highest } = span(segments, choices)
  const total_fen = sum(lowest)
  const raise_fen = sum(highest) - total_fen
  if (!of.activities.length && !of.vouchers.length) return total_fen
  const terms = termsOf(of, lowest, highest)
  const rates = terms.map(slopeBp).filter((rate) => rate)
  if (sum(rates) >= 10_000 && raise_fen) return total_fen - gain(of, terms, raise_fen)
  const tries = [0, raise_fen, ...terms.flatMap((term) => term.jumps)]
  const gains = tries
    .filter((more) => more <= raise_fen)
    .map((more) => gain(of, terms, more) - more)
  const fuzz = raise_fen && rates.length ? rates.length - 1 : 0
  return total_fen - Math.max(...gains) - fuzz
}

/** One rule or coupon in the bound; of those with the same `alone` only one takes effect. */
interface Term {
  readonly alone: string
  readonly base_fen: number
  readonly raise_fen: number
  readonly rule: Rule | null
  readonly voucher: Voucher | null
  readonly jumps: readonly number[]
}

/** At most this it takes off when prices were given up for so much; does not grow but at jumps and by rates. */
function offFen(of: Case, term: Term, more_fen: number): number {
  const base_fen = term.base_fen + Math.min(more_fen, term.raise_fen)
  if (term.rule) return of.activityMost(term.rule, base_fen)
  return term.voucher ? of.couponMost(term.voucher, base_fen) : 0
}

/** How much more it takes off for a fen more; whole prices that a coupon may swallow are not counted here. */
function slopeBp({ rule, voucher }: Term): number {
  if (rule) {
    const rates = rule.steps.map(([, rate]) => rate)
    return rule.kind === 'amount_rate' ? 10_000 - Math.min(...rates) : 0
  }
  return voucher?.held.kind === 'rate' ? 10_000 - voucher.held.rate_bp : 0
}

function termsOf(of: Case, lowest: readonly number[], highest: readonly number[]): Term[] {
  const terms = of.activities.map((rule, i): Term => {
    const lines = at(of.activityLines, i)
    const [base_fen, top_fen] = [lines.sum(lowest), lines.sum(highest)]
    const alone = activities.owns(rule) ? `lines ${lines.key}` : `promotion ${rule.id}`
    const reached = activities.thresholds(rule, top_fen).filter((fen) => fen > base_fen)
    const jumps = reached.map((fen) => fen - base_fen)
    return { alone, base_fen, raise_fen: top_fen - base_fen, rule, voucher: null, jumps }
  })
  for (const voucher of of.vouchers.flat()) {
    const { held } = voucher
    const base_fen = sum(lowest.filter((_, line) => voucher.covers[line]))
    const raise_fen = sum(highest.filter((_, line) => voucher.covers[line])) - base_fen
    const missing = held.threshold_fen - base_fen
    const jumps = missing > 0 && missing <= raise_fen ? [missing] : []
    const alone = of.wish.coupon_ids ? `coupon ${held.id}` : `class ${held.stack_class}`
    terms.push({ alone, base_fen, raise_fen, rule: null, voucher, jumps })
  }
  return terms
}

function gain(of: Case, terms: readonly Term[], more_fen: number): number {
  const best = new Map<string, number>()
  for (const term of terms) {
    const off = offFen(of, term, more_fen)
    if (off > (best.get(term.alone) ?? 0)) best.set(term.alone, off)
  }
  return sum([...best.values()])
}
