/** May this rule work here, now and for this customer? If not, the code that says why, with what to say about it. */

import type { Here, Left, Reason, Rule } from './rules'

/** Null when the rule may be used. Windows are half-open. */
export function whyNot(rule: Rule, here: Here, left: Left): Reason | null {
  if (here.now_ms < rule.from_ms) return { code: 'starts', at_ms: rule.from_ms }
  if (here.now_ms >= rule.until_ms) return { code: 'over' }
  if (not(rule.store_ids, here.store_id)) return { code: 'not_in_this_store' }
  if (not(rule.channels, here.channel)) return { code: 'not_in_this_channel' }
  if (not(rule.weekdays, here.weekday) || not(rule.month_days, here.month_day)) {
    return { code: 'not_today' }
  }
  const { hours } = rule
  if (hours.length && !hours.some(([from, until]) => from <= here.minute && here.minute < until)) {
    return { code: 'not_now', hours }
  }
  return notFor(rule, here) ?? nothingLeft(left)
}

function not<T>(named: readonly T[], here: T): boolean {
  return named.length > 0 && !named.includes(here)
}

function notFor(rule: Rule, here: Here): Reason | null {
  const { tier } = here
  if (tier === null) {
    const closed = rule.members_only || rule.tiers.length || rule.segment_ids.length
    return closed ? { code: 'members_only' } : null
  }
  if (not(rule.tiers, tier)) return { code: 'not_your_tier', tiers: rule.tiers }
  if (rule.segment_ids.length && !rule.segment_ids.some((one) => here.segment_ids.includes(one))) {
    return { code: 'not_your_segment' }
  }
  return null
}

function nothingLeft(left: Left): Reason | null {
  if (left.units !== null && left.units <= 0) return { code: left.why }
  if (left.fen !== null && left.fen <= 0) return { code: 'budget_used' }
  return null
}
