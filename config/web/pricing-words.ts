/**
 * What the price engine says, in words: why a promotion did nothing, what it does, what a step of the trace is.
 *
 * Shared by till and mall, so no framework in it.  The codes are those of trade/pricing/DECISIONS.md; money in fen.
 */

import en from './locale/pricing-en.json'
import zh from './locale/pricing-zh-CN.json'

type Locale = 'zh-CN' | 'en'
const TEXTS: Record<Locale, Record<string, string>> = { 'zh-CN': zh, en }

/** Why a rule did nothing here, or what is missing to its next step. */
export interface WhyNot {
  rule_id: number
  kind: string
  name: string
  code: string
  short_fen?: number
  short_units?: number
  at_fen?: number
  gives?: number
  by_fen?: number
  at_ms?: number
  hours?: number[][]
  tiers?: string[]
  rule_id_by?: number
}

/** What a promotion does, as far as its kind needs it. */
export interface Deal {
  kind: string
  steps?: number[][]
  on?: string
  buy?: number
  get?: number
  every?: boolean
}

/** What only the screen knows: its language, how moments are told, what tiers and other rules are called. */
export interface Telling {
  locale: Locale
  when: (ms: number) => string
  tier: (code: string) => string
  rule: (id: number) => string
}

function fill(locale: Locale, key: string, facts: Record<string, string | number> = {}): string {
  const text = TEXTS[locale][key]
  if (text === undefined) return ''
  return text.replace(/\{(\w+)\}/g, (blank, name: string) => String(facts[name] ?? blank))
}

/** 2000 -> "20", 650 -> "6.50": in a sentence even yuan stand alone. */
function yuan(fen: number): string {
  return fen % 100
    ? `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`
    : String(fen / 100)
}

/** What is still paid, 8500: "8.5 折" or "15% off". */
function rateWords(locale: Locale, rate_bp: number): string {
  return fill(locale, 'rate', { zhe: rate_bp / 1000, off: (10_000 - rate_bp) / 100 })
}

function minute(of: number): string {
  return `${String(Math.floor(of / 60)).padStart(2, '0')}:${String(of % 60).padStart(2, '0')}`
}

function stepDoes(locale: Locale, deal: Deal, from: number, gives: number): string {
  const at = yuan(from)
  if (deal.kind === 'amount_off')
    return fill(locale, deal.every ? 'does.every' : 'does.amount_off', { at, off: yuan(gives) })
  if (deal.kind === 'amount_rate')
    return fill(locale, 'does.amount_rate', { at, rate: rateWords(locale, gives) })
  if (deal.kind !== 'nth_rate') return fill(locale, `does.${deal.kind}`, { at })
  if (deal.on !== 'nth')
    return fill(locale, 'does.all', { n: from, rate: rateWords(locale, gives) })
  return gives === 5_000
    ? fill(locale, 'does.half', { n: from })
    : fill(locale, 'does.nth', { n: from, rate: rateWords(locale, gives) })
}

/** What kind of promotion it is: "会员价", "满减". */
export function kindWords(locale: Locale, kind: string): string {
  return fill(locale, `kind.${kind}`, {})
}

/** What it does in few words, a step each: ["满99减8", "满200减30"], ["买 2 送 1"]; its kind where it has no steps. */
export function dealWords(locale: Locale, deal: Deal): string[] {
  const steps = (deal.steps ?? [])
    .map(([from = 0, gives = 0]) => stepDoes(locale, deal, from, gives))
    .filter(Boolean)
  return steps.length
    ? steps
    : [fill(locale, `kind.${deal.kind}`, { buy: deal.buy ?? 0, get: deal.get ?? 0 })].filter(
        Boolean,
      )
}

/** "再买 ¥6 享满200减30": one sentence for every code; '' for a code that has none. */
export function whyNotWords(row: WhyNot, told: Telling): string {
  const say = (key: string, facts: Record<string, string | number> = {}) =>
    fill(told.locale, `why.${key}`, facts)
  if (row.code === 'short' && row.short_units) return say('short_units', { n: row.short_units })
  if (row.code === 'short' || row.code === 'next')
    return say(row.code, {
      yuan: yuan(row.short_fen ?? 0),
      gives: stepDoes(told.locale, row, row.at_fen ?? 0, row.gives ?? 0),
    })
  if (row.code === 'dearer' && !row.by_fen)
    return say(row.by_fen === undefined ? 'dearer_unknown' : 'dearer_same')
  const other = row.rule_id_by ? told.rule(row.rule_id_by) : ''
  if (row.code === 'excluded_by' && !other) return say('excluded')
  return say(row.code, {
    other,
    yuan: yuan(row.by_fen ?? 0),
    when: row.at_ms ? told.when(row.at_ms) : '',
    hours: (row.hours ?? []).map((span) => span.map(minute).join('–')).join(' '),
    tiers: (row.tiers ?? []).map(told.tier).join('/'),
  })
}

/** What a step of the trace is called: a promotion or coupon by its name, anything else by its source. */
export function stepWords(locale: Locale, step: { source: string; name?: string }): string {
  return step.name || fill(locale, `step.${step.source}`) || step.source
}

const NEARLY = ['short', 'next']

/** 凑单: the step of a threshold that is nearest to being reached, or null when none is short of money. */
export function nearest<Row extends WhyNot>(rows: readonly Row[]): Row | null {
  const short = rows.filter((row) => NEARLY.includes(row.code) && row.short_fen)
  return short.sort((one, other) => (one.short_fen ?? 0) - (other.short_fen ?? 0))[0] ?? null
}

/** A line that is not as it was shown, from the facts of `price_changed`. */
export interface Difference {
  name: string
  gift: boolean
  was_net_fen: number
  net_fen: number
  gone: { name: string; why_not?: WhyNot | null }[]
}

/** "牛奶 ¥16.80 → ¥19.80（“满减”活动名额已用完）": a line of what became dearer, with what no longer counts and why. */
export function differenceWords(row: Difference, told: Telling): string {
  const { locale } = told
  const line = row.gift
    ? fill(locale, 'diff.gift', { name: row.name })
    : fill(locale, 'diff.line', {
        name: row.name,
        was: yuan(row.was_net_fen),
        now: yuan(row.net_fen),
      })
  const gone = row.gone.map((one) => {
    const why = one.why_not ? whyNotWords(one.why_not, told) : ''
    return fill(locale, why ? 'diff.gone_why' : 'diff.gone', { name: one.name, why })
  })
  return gone.length ? fill(locale, 'diff.because', { line, gone: gone.join(' ') }) : line
}
