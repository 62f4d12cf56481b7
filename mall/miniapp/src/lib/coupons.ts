import type { Coupon, CouponOffer, CouponPrint, Offer } from '../api/contract-value'
import type { Key } from './i18n'
import { locale, t, tOr } from './i18n'
import { yuan } from './money'
import { day, shortDay } from './time'

/** 2000 -> "20", 1950 -> "19.50": on a ticket even yuan stand alone. */
export function round(fen: number): string {
  return fen % 100 ? yuan(fen) : String(fen / 100)
}

/** What a ticket is worth, in three pieces that are set in different sizes. */
export function worth(of: CouponPrint): { before: string; main: string; after: string } {
  if (of.kind === 'rate') {
    const zh = of.rate_bp % 1000 ? (of.rate_bp / 1000).toFixed(of.rate_bp % 100 ? 2 : 1) : String(of.rate_bp / 1000)
    if (locale() !== 'en') return { before: '', main: zh, after: t('coupon.rate') }
    return { before: '', main: `${(10_000 - of.rate_bp) / 100}%`, after: t('coupon.rate') }
  }
  if (of.kind === 'goods' || of.kind === 'gift') return { before: '', main: t(`coupon.kind.${of.kind}` as Key), after: '' }
  return { before: '¥', main: round(of.face_fen), after: '' }
}

/** "满 ¥20 可用", "无门槛", with the cap of a rate. */
export function condition(of: CouponPrint): string {
  const from = of.threshold_fen ? t('coupon.from', { yuan: round(of.threshold_fen) }) : t('coupon.any_amount')
  if (of.kind !== 'rate' || !of.cap_fen) return from
  const yuan = round(of.cap_fen)
  return of.threshold_fen ? t('coupon.capped', { from, yuan }) : t('coupon.at_most', { yuan })
}

/** What it is good for: goods, stores, face. */
export function scopeWords(of: Coupon | Offer): string {
  const named = (part?: { categories?: number[]; skus?: number[] }) => Boolean(part?.categories?.length || part?.skus?.length)
  const certain = of.kind === 'goods' || of.kind === 'gift' || named(of.scope.include)
  const words = [t(certain ? 'coupon.some_goods' : named(of.scope.exclude) ? 'coupon.most_goods' : 'coupon.all_goods')]
  if (of.store_ids.length) words.push(t('coupon.some_stores'))
  if (of.channels.length === 1) words.push(tOr(`coupon.only.${of.channels[0]}`, ''))
  return words.filter(Boolean).join(' · ')
}

/** Until when it is good: the last day itself is still good. */
export function validity(of: { until_at: string | null; valid_days?: number | null }): string {
  if (of.until_at) return t('coupon.until', { day: day(lastMoment(of.until_at)) })
  return of.valid_days ? t('coupon.days', { n: of.valid_days }) : ''
}

/** A coupon ends at midnight: people know it by the day before. */
function lastMoment(until_at: string): number {
  return Date.parse(until_at.replace(/(\.\d{3})\d+/, '$1')) - 1000
}

/** Why a coupon takes nothing off this basket, and what would help. */
export function whyNot(of: CouponOffer): string {
  const why = of.why_not
  if (!why) return ''
  const facts = {
    yuan: why.short_fen ? round(why.short_fen) : '',
    day: why.from_at ? shortDay(why.from_at) : '',
  }
  const key = `coupon.why.${why.code}`
  return tOr(key, '') ? t(key as Key, facts) : t('coupon.why.other')
}

/** The choice after a tap: of each class one, so a tapped coupon takes the place of its like. */
export function toggled(chosen: readonly number[], tapped: CouponOffer, all: readonly CouponOffer[]): number[] {
  if (chosen.includes(tapped.id)) return chosen.filter((id) => id !== tapped.id)
  const like = new Set(all.filter((one) => one.stack_class === tapped.stack_class).map((one) => one.id))
  return [...chosen.filter((id) => !like.has(id)), tapped.id]
}

/** Whether a tap on it may do something: it is chosen, takes something off, or could take the place of its like. */
export function choosable(of: CouponOffer): boolean {
  return of.applied || of.usable || of.why_not?.code === 'class_taken'
}
