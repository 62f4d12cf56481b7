/** What happened to the basket, step by step: list + sum of deltas = payable, per line and in total. */

import type { Case } from './case'
import { at, sorted, sum } from './lists'
import type { Rule } from './rules'
import { costFen } from './segments'
import type { Plan } from './weigh'

/**
 * One deduction: what it was measured on, what it took off, and each line's share. A charge is negative.
 *
 * `units` are those it changed the price of, 0 where it is measured on money.
 */
export interface Step {
  readonly phase: number
  readonly source: 'promotion' | 'coupon' | 'freight'
  readonly source_id: number
  readonly version: number
  readonly name: string
  readonly base_fen: number
  readonly off_fen: number
  readonly shares: readonly number[]
  readonly units: number
}

/** The plan in the order of its phases; within one, as it was applied. */
export function stepsOf(of: Case, plan: Plan): Step[] {
  const perLine = (shares: readonly number[]) =>
    of.goods.map((_, line) => sum(shares.filter((_, i) => at(plan.segments, i).line === line)))
  const found = unitSteps(of, plan)
  for (const { rule, base_fen, shares } of plan.applied) {
    found.push(stepOf(rule, base_fen, sum(shares), perLine(shares), 0))
  }
  for (const { voucher, base_fen, worth } of plan.used) {
    const { id, name } = voucher.held
    const { off_fen, shares } = worth
    const figures = { base_fen, off_fen, shares: perLine(shares), units: 0 }
    found.push({ phase: 4, source: 'coupon', source_id: id, version: 0, name, ...figures })
  }
  return [...found, ...freightSteps(of, plan)]
}

function stepOf(
  rule: Rule,
  base_fen: number,
  off_fen: number,
  shares: readonly number[],
  units: number,
): Step {
  const { phase, id, version, name } = rule
  return {
    phase,
    source: 'promotion',
    source_id: id,
    version,
    name,
    base_fen,
    off_fen,
    shares,
    units,
  }
}

/** Phases 1 and 2: what each rule took off the units that it gave a price. */
function unitSteps(of: Case, plan: Plan): Step[] {
  const gave = of.book.rules.filter((rule) => plan.segments.some((one) => one.rule_id === rule.id))
  const order = sorted(gave, (a, b) => a.phase - b.phase || a.priority - b.priority || a.id - b.id)
  return order.map((rule) => {
    let [base_fen, units] = [0, 0]
    const offs = of.goods.map(() => 0)
    for (const one of plan.segments) {
      if (one.rule_id !== rule.id) continue
      const value_fen = costFen(at(of.goods, one.line), at(of.units_fen, one.line), one.units)
      base_fen += value_fen
      units += one.units
      offs[one.line] = at(offs, one.line) + value_fen - one.net_fen
    }
    return stepOf(rule, base_fen, sum(offs), offs, units)
  })
}

/** What delivery costs, as a negative deduction, and what lowered it; no line bears any of it. */
function freightSteps(of: Case, plan: Plan): Step[] {
  const base_fen = of.freight_fen
  if (!base_fen) return []
  const shares = of.goods.map(() => 0)
  const plain = { phase: 6, version: 0, name: '', shares, units: 0 }
  const found: Step[] = [
    { ...plain, source: 'freight', source_id: 0, base_fen: 0, off_fen: -base_fen },
  ]
  const { rule, voucher, off_fen } = plan.freight
  if (rule) found.push(stepOf(rule, base_fen, off_fen, shares, 0))
  if (voucher) {
    const { id, name } = voucher.held
    found.push({ ...plain, source: 'coupon', source_id: id, name, base_fen, off_fen })
  }
  return found
}
