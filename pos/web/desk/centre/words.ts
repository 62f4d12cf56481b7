import type { CentreFact, CentreItem, Routed } from '@web/contract-centre'
import { t, tOr } from '@web/i18n'
import { yuan } from '@web/money'
import { dateAndTime } from '@web/time'

/** What an item is about, as one reads it in a list. */
export function title(item: Pick<CentreItem, 'kind'>): string {
  return tOr(`centre.kind.${item.kind}`, item.kind)
}

type Fact = string | number

/** A fact as it is read: money in yuan, moments in the shop's time, lists with commas. */
function shown(name: string, value: unknown): Fact {
  if (Array.isArray(value)) return value.map((one) => shown(name, one)).join(t('listComma'))
  if (typeof value === 'number') return name.endsWith('_fen') ? `¥${yuan(value)}` : value
  const text = String(value ?? '')
  return /^\d{4}-\d\d-\d\dT/.test(text) ? dateAndTime(text) : text
}

function filled(facts: Record<string, unknown>): Record<string, Fact> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, shown(name, value)]),
  )
}

interface Reason {
  reason: string
  [fact: string]: unknown
}

/** Why an item is here: each reason of a held order, or the cause of an exception; sentences. */
export function causes(item: Pick<CentreItem, 'type' | 'kind' | 'cause' | 'facts'>): string[] {
  if (item.type === 'hold') {
    const reasons = (item.facts.reasons ?? []) as Reason[]
    return reasons.map((one) => {
      const way = one.length === undefined ? '' : '.long'
      const other = one.new ? '.new' : way
      const plain = tOr(`centre.reason.${one.reason}`, one.reason, filled(one))
      return tOr(`centre.reason.${one.reason}${other}`, plain, filled(one))
    })
  }
  const facts = filled(item.facts)
  const said = tOr(`centre.cause.${item.kind}.${item.cause}`, '', facts)
  return [said || tOr(`centre.about.${item.kind}`, '', facts)].filter(Boolean)
}

export interface Labelled {
  label: string
  value: Fact
}

/** The facts that have a name for people; the rest is for machines. */
export function facts(item: Pick<CentreItem, 'facts'>): Labelled[] {
  return Object.entries(item.facts).flatMap(([name, value]) => {
    const label = tOr(`centre.fact.${name}`, '')
    const text = typeof value === 'object' && !Array.isArray(value) ? '' : shown(name, value)
    return label && text !== '' ? [{ label, value: text }] : []
  })
}

/** Who answers: a colleague's name, or the role that it waits for. */
export function owner(item: Pick<CentreItem, 'owner' | 'owner_name'>): string {
  return item.owner_name || tOr(`centre.role.${item.owner}`, item.owner)
}

/** Who did it, in the history. */
export function actor(fact: Pick<CentreFact, 'actor' | 'name'>): string {
  const sort = fact.actor.split(':')[0] ?? ''
  return fact.name || tOr(`centre.actor.${sort}`, fact.actor)
}

export interface Told {
  at: string
  what: string
  who: string
  words: string
}

/** The history in words; what only machines understand is left out. */
export function history(found: CentreFact[]): Told[] {
  return found.flatMap((fact) => {
    const what = tOr(`centre.event.${fact.kind}`, '')
    if (!what) return []
    const remedy = fact.data.remedy ? tOr(`centre.way.${fact.data.remedy}`, '') : ''
    const note = String(fact.data.note ?? '')
    const said = fact.kind === 'exception.cleared' ? tOr(`centre.cleared.${note}`, note) : note
    const words = [remedy, said].filter(Boolean).join(t('listComma'))
    return [{ at: fact.at, what, who: actor(fact), words }]
  })
}

/** A span in words: 8 分钟, 3 小时 5 分, 2 天 4 小时. */
export function span(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000))
  if (minutes < 60) return t('centre.minutes', { n: minutes })
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return t('centre.hours', { h: hours, m: minutes % 60 })
  return t('centre.days', { d: Math.floor(hours / 24), h: hours % 24 })
}

export type Haste = 'calm' | 'soon' | 'late'
const SOON_MS = 10 * 60_000

/** How pressing a due moment is. */
export function haste(due_at: string, now: number): Haste {
  const left = Date.parse(due_at) - now
  if (left < 0) return 'late'
  return left < SOON_MS ? 'soon' : 'calm'
}

/** 还剩 8 分钟, 已超 2 小时 5 分. */
export function due(due_at: string, now: number): string {
  const left = Date.parse(due_at) - now
  return left < 0
    ? t('centre.dueLate', { span: span(-left) })
    : t('centre.dueLeft', { span: span(left) })
}

/** Why this store, or why none, in one sentence: 通店文三路店（4 家可办；缺货 2 家、打烊 1 家）. */
export function routed(one: Routed): string {
  const out = Object.entries(one.removed).map(([filter, n]) =>
    t('centre.filtered', { n, why: tOr(`centre.filter.${filter}`, filter) }),
  )
  const able = t('centre.able', { n: one.able })
  const chosen = one.stores.join(t('listComma'))
  const none = tOr(`centre.cause.unroutable.${one.outcome}`, one.outcome)
  return t('centre.routed', { chosen: chosen || none, why: [able, ...out].join(t('listComma')) })
}
