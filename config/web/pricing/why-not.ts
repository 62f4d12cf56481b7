/** Why did this rule do nothing here? One row each, with what is missing or what choosing it would cost. */

import * as activities from './activities'
import type { Case, Part, Wish } from './case'
import { at, sum } from './lists'
import { covers, type Reason, type Rule } from './rules'
import { type Plan, uses } from './weigh'

export type Again = (wish: Wish) => Plan | null

/** One row for each rule that did nothing, and for each that has a further step to reach; `again` tells what it costs. */
export function reasons(of: Case, plan: Plan, again: Again | null): Reason[] {
  return of.book.rules.flatMap((rule) => {
    const reason = reasonOf(of, plan, rule, again)
    const { id, version, kind, name } = rule
    return reason ? [{ rule_id: id, version, kind, name, ...reason }] : []
  })
}

function reasonOf(of: Case, plan: Plan, rule: Rule, again: Again | null): Reason | null {
  const refused = of.refused.get(rule.id)
  if (refused) return refused
  if (uses(plan, 'promotion', rule.id)) return further(plan, rule)
  if (rule.kind === 'gift' && baseOf(of, plan, rule) >= at(rule.steps, 0)[0]) return null
  return short(of, plan, rule) ?? dearer(of, plan, ['promotion', rule.id], again)
}

/** What counts for an activity in this plan, whoever owns it. */
function baseOf(of: Case, plan: Plan, rule: Rule): number {
  const lines = of.covered(rule)
  const after = rule.measured === 'after' || rule.phase === 6
  const counted = plan.segments.map((one, i) => {
    if (!lines.has(one.line) || of.closed(one.cls, rule.stack)) return 0
    return after ? at(plan.nets, i) : one.net_fen
  })
  return sum(counted)
}

function further(plan: Plan, rule: Rule): Reason | null {
  const applied = plan.applied.find((one) => one.rule.id === rule.id)
  if (!activities.owns(rule) || !applied) return null
  const next = activities.nextStep(rule, applied.base_fen)
  return (
    next && { code: 'next', short_fen: next[0] - applied.base_fen, at_fen: next[0], gives: next[1] }
  )
}

/** What is missing: units for a deal, money for a threshold; or that its price is no better. */
function short(of: Case, plan: Plan, rule: Rule): Reason | null {
  if (rule.phase === 1) {
    const offered = of.offers.some((found) => found.some((offer) => offer.rule.id === rule.id))
    return offered ? null : { code: 'not_cheaper' }
  }
  if (rule.phase === 2) {
    const missing = missingUnits(of, rule)
    return missing > 0 ? { code: 'short', short_units: missing } : null
  }
  if (rule.phase === 6 && !of.freight_fen) return { code: 'no_freight' }
  const [at_fen, gives] = at(rule.steps, 0)
  const base_fen = baseOf(of, plan, rule)
  if (base_fen < at_fen) return { code: 'short', short_fen: at_fen - base_fen, at_fen, gives }
  if (rule.kind !== 'add_on' || of.goods.some((good) => rule.prices.has(good.sku_id))) return null
  const sku_ids = [...rule.prices.keys()].sort((one, other) => one - other)
  return { code: 'add_on', by_fen: Math.min(...rule.prices.values()), sku_ids }
}

function missingUnits(of: Case, rule: Rule): number {
  const have = new Map<number, number>()
  for (const { sku_id, category_id, qty, weighed } of of.goods) {
    if (!weighed && covers(rule, sku_id, category_id))
      have.set(sku_id, (have.get(sku_id) ?? 0) + qty)
  }
  if (rule.kind === 'bundle') {
    return sum(rule.parts.map(([sku, qty]) => Math.max(qty - (have.get(sku) ?? 0), 0)))
  }
  const need = rule.kind === 'buy_get' ? rule.buy + rule.get : at(rule.steps, 0)[0]
  const units = [...have.values()]
  return need - (rule.across ? sum(units) : Math.max(0, ...units))
}

/** What the basket would cost more with it; or that nothing of this plan goes together with it. */
function dearer(of: Case, plan: Plan, part: Part, again: Again | null): Reason {
  if (!again) return { code: 'dearer' }
  const other = again({ ...of.wish, required: [...of.wish.required, part] })
  if (other) return { code: 'dearer', by_fen: other.rank.payable_fen - plan.rank.payable_fen }
  const blocking = plan.applied[0]?.rule.id
  return blocking ? { code: 'excluded_by', rule_id_by: blocking } : { code: 'no_effect' }
}
