/** Promotions in words and pieces; every figure is the server's. */

import type { Telling } from '../../../../config/web/pricing-words'
import { dealWords, kindWords, nearest, stepWords, whyNotWords } from '../../../../config/web/pricing-words'
import type { Explained, Marks, Promoted, ShelfDeal, ShelfOffer, TraceStep, WhyNot } from '../api/contract-price'
import { locale, t, tOr } from './i18n'
import { yuan } from './money'
import { clock, day, secondsLeft, serverNow, shortDay } from './time'

/** "20:00" today, "11-25 20:00" on another day. */
export function moment(at: string | number): string {
  return day(at) === day(serverNow()) ? clock(at) : `${shortDay(at)} ${clock(at)}`
}

function telling(of: Explained): Telling {
  const named = new Map(of.trace.filter((step) => step.source === 'promotion').map((step) => [step.source_id, step.name ?? '']))
  return {
    locale: locale(),
    when: moment,
    tier: (code) => tOr(`tier.${code}`, code),
    rule: (id) => named.get(id) ?? '',
  }
}

export function whyWords(row: WhyNot, of: Explained): string {
  return whyNotWords(row, telling(of))
}

export function stepName(step: TraceStep): string {
  return stepWords(locale(), step)
}

/** 凑单: "再买 ¥6 享满200减30", or '' when nothing is near. */
export function nearlyWords(of: Explained | null): string {
  const row = nearest(of?.why_not ?? [])
  return row && of ? whyWords(row, of) : ''
}

export function kindOf(offer: ShelfOffer): string {
  return kindWords(locale(), offer.kind)
}

/** What a deal does, every step of it. */
export function dealOf(deal: ShelfDeal): string[] {
  return dealWords(locale(), deal)
}

/** The few words under a card's name: the price's kind, what members pay, then the deals by their first step. */
export function cardTags(card: Marks): string[] {
  const offer = card.offer ? [kindOf(card.offer)] : []
  const members = card.member_fen === undefined ? [] : [t('promo.member_pays', { yuan: yuan(card.member_fen) })]
  const deals = (card.promotions ?? []).map((deal) => dealOf(deal)[0] ?? '').filter(Boolean)
  return [...offer, ...members, ...deals].slice(0, 3)
}

/** Whether a price on one of these cards has ended or begun since it was asked for. */
export function turned(cards: readonly Marks[]): boolean {
  const moments = cards.flatMap((card) => [card.offer?.until_at, card.coming?.from_at])
  return moments.some((at) => at && !secondsLeft(at))
}

/** How much of a quota is sold, in basis points: never all while something is left. */
export function soldBp(rush: { total: number | null; left: number | null }): number {
  if (!rush.total) return 0
  const left = Math.max(rush.left ?? rush.total, 0)
  return left ? Math.min(Math.floor(((rush.total - left) * 10_000) / rush.total), 9_900) : 10_000
}

/** What promotions left of a line's list price. */
export function promotedFen(line: Promoted & { list_fen: number }): number {
  const off = (line.allocations ?? []).filter((share) => share.source === 'promotion')
  return off.reduce((fen, share) => fen - share.amount_fen, line.list_fen)
}

/** The promotions that lowered a line, by name; a gift says that it is one. */
export function lineTags(line: Promoted, trace: readonly TraceStep[]): string[] {
  if (line.gift) return [t('promo.gift')]
  const ids = (line.allocations ?? []).filter((share) => share.source === 'promotion' && share.amount_fen > 0).map((share) => share.source_id)
  const names = trace.filter((step) => step.source === 'promotion' && ids.includes(step.source_id ?? 0)).map((step) => step.name ?? '')
  return [...new Set(names)].filter(Boolean)
}

/** Reasons that a shopper can do nothing about, and that are of no use to know unless asked for. */
const IDLE = ['no_goods_of_it', 'over', 'not_in_this_store', 'not_in_this_channel', 'no_freight', 'not_your_segment']

export function parted(rows: readonly WhyNot[]): { barred: WhyNot[]; useful: WhyNot[]; idle: WhyNot[] } {
  const barred = rows.filter((row) => row.code === 'barred')
  const idle = rows.filter((row) => IDLE.includes(row.code))
  return { barred, idle, useful: rows.filter((row) => !barred.includes(row) && !idle.includes(row)) }
}
