import type { Refused } from '@web/api'
import type { Promotion, Quote, QuoteLine, TraceStep } from '@web/contract'
import { locale, t, tOr } from '@web/i18n'
import {
  type Difference,
  dealWords,
  differenceWords,
  kindWords,
  nearest,
  type Telling,
  type WhyNot,
  whyNotWords,
} from '@web/pricing-words'
import { clock, dateAndTime, day, serverNow } from '@web/time'

/** Kinds whose one step says more than their name: "第 2 件半价", "买 2 送 1". */
const TOLD_BY_STEP = new Set(['nth_rate', 'buy_get'])
/** Why-not codes in the order in which they help a sale along; what is missing comes before all others. */
const USEFUL = [
  'next',
  'short',
  'add_on',
  'excluded_by',
  'dearer',
  'members_only',
  'not_now',
  'starts',
]

export interface Tag {
  key: string
  text: string
  fen: number
}

/** How this screen tells what the price engine says; `quote` knows the promotions by name. */
function telling(quote: Pick<Quote, 'promotions' | 'why_not'>): Telling {
  const named = [...quote.promotions, ...quote.why_not]
  return {
    locale: locale.value,
    when: (ms) =>
      day(ms) === day(serverNow()) ? clock(ms) : dateAndTime(new Date(ms).toISOString()),
    tier: (code) => tOr(`tier.${code}`, code),
    rule: (id) => named.find((one) => one.rule_id === id)?.name ?? '',
  }
}

function label(promotion: Promotion): string {
  const deal = dealWords(locale.value, promotion)
  const one = TOLD_BY_STEP.has(promotion.kind) && deal.length === 1 ? deal[0] : undefined
  return one ?? (kindWords(locale.value, promotion.kind) || promotion.name)
}

/** One tag a promotion, and one for all that is not a promotion by its kind: coupons, points, the cashier's discount. */
export function tagsOf(quote: Quote, line: QuoteLine): Tag[] {
  const tags = new Map<string, Tag>()
  for (const one of line.allocations) {
    const promotion = quote.promotions.find((other) => other.rule_id === one.source_id)
    const own = one.source === 'promotion' && promotion
    const key = own ? `promotion-${one.source_id}` : one.source
    const text = own ? label(promotion) : tOr(`source.${one.source}`, one.source)
    tags.set(key, { key, text, fen: (tags.get(key)?.fen ?? 0) + one.amount_fen })
  }
  return [...tags.values()].filter((tag) => tag.fen > 0)
}

/** What a step is called; goods that a promotion gives stand behind its name. */
export function stepName(quote: Quote, step: TraceStep): string {
  const promotion = quote.promotions.find((one) => one.rule_id === step.source_id)
  if (step.source !== 'promotion' || !promotion)
    return step.name || tOr(`source.${step.source}`, step.source)
  return step.name && step.name !== promotion.name
    ? `${promotion.name} · ${step.name}`
    : promotion.name
}

/** At the till nobody signs in: who the customer is stands in the member card. */
function words(row: WhyNot, quote: Quote): string {
  return row.code === 'members_only' ? t('why.membersOnly') : whyNotWords(row, telling(quote))
}

export interface Told {
  row: WhyNot
  words: string
}

/** Why each promotion did nothing, in words; the ones that help first, those declined apart. */
export function othersOf(quote: Quote): Told[] {
  const at = (row: WhyNot) => (USEFUL.includes(row.code) ? USEFUL.indexOf(row.code) : USEFUL.length)
  const rows = quote.why_not.filter((row) => row.code !== 'barred')
  const missing = (row: WhyNot) => row.short_fen ?? 0
  rows.sort((one, other) => at(one) - at(other) || missing(one) - missing(other))
  return rows.map((row) => ({ row, words: words(row, quote) }))
}

export function declinedOf(quote: Quote): WhyNot[] {
  return quote.why_not.filter((row) => row.code === 'barred')
}

/** "再买 ¥6 享满200减30": the step nearest to being reached, once more than half of it is there. */
export function nextStep(quote: Quote): string {
  const near = quote.why_not.filter((row) => 2 * (row.short_fen ?? 0) <= (row.at_fen ?? 0))
  const row = nearest(near)
  return row ? whyNotWords(row, telling(quote)) : ''
}

/** Why a sale did not go through; of what became dearer since it was shown, each line stands behind the sentence. */
export function refusedWords({ code, facts, message }: Refused): string {
  if (code === 'promotion_quota_used') {
    const gone = (facts.promotions ?? []) as { name: string }[]
    return t('sale.quotaGone', { names: gone.map((one) => `“${one.name}”`).join(' ') })
  }
  if (code !== 'price_changed') return message
  const rows = (facts.differences ?? []) as Difference[]
  const told = telling(facts.quote as Quote)
  return [message, ...rows.map((row) => differenceWords(row, told))].join('\n')
}
