import { Refused } from '@web/api'
import type { Basket, CouponOffer, Printed, Quote, WhyNot } from '@web/contract'
import { t, tOr } from '@web/i18n'
import { yuan } from '@web/money'
import { dateOf } from '@web/time'
import { api } from '../server'

/** Ids in one order, to compare two choices. */
export const asShown = (ids: readonly number[]): string => [...ids].sort((a, b) => a - b).join()

interface Choice {
  coupon_ids: number[]
  chosenCoupons: boolean
  authorisation: string | null
}

/** The coupons to ask for next: the best set, or of the chosen ones those that still fit. */
export function couponsAfter(quote: Quote, choice: Choice): number[] {
  if (choice.chosenCoupons) {
    const refused = new Set(quote.refused_coupons.map((one) => one.coupon_id))
    return choice.coupon_ids.filter((id) => !refused.has(id))
  }
  return choice.authorisation ? quote.best_coupon_ids : []
}

/** The choice after a tap on one coupon: on or off, and never two of a kind that exclude each other. */
export function toggled(quote: Quote, one: CouponOffer): number[] {
  if (one.applied) return quote.coupon_ids.filter((id) => id !== one.id)
  const stays = quote.coupons.filter((had) => had.applied && had.stack_class !== one.stack_class)
  return [...stays.map((had) => had.id), one.id]
}

/** A coupon that another of its class keeps out can be taken in its place. */
export const canTake = (one: CouponOffer): boolean =>
  one.usable || (one.why_not?.code === 'class_taken' && one.off_fen > 0)

/** How much less the basket would cost with the best set; 0 when that cannot be told. */
export async function bestSaves(basket: Basket, quote: Quote): Promise<number> {
  try {
    const form = { ...basket, points: 0, discount_fen: 0, coupon_ids: quote.best_coupon_ids }
    const best = (await api.ask<{ quote: Quote }>('/api/pos/quote', form)).quote
    return best.coupon_fen - quote.coupon_fen
  } catch (error) {
    if (error instanceof Refused) return 0
    throw error
  }
}

/** Whole yuan without cents, as printed on coupons. */
const plain = (fen: number) => yuan(fen).replace(/\.00$/, '')

/** What the coupon gives, as printed on it. */
export function promise(one: Printed): string {
  const face = plain(one.face_fen)
  if (one.kind === 'rate') return t('coupons.rate', { rate: one.rate_bp / 1000 })
  if (one.kind === 'threshold_off')
    return t('coupons.threshold', { from: plain(one.threshold_fen), off: face })
  if (one.kind === 'cash') return t('coupons.cash', { off: face })
  return t(`coupons.kind.${one.kind}`)
}

/** Why a coupon cannot be used here and now, in words. */
export function whyNot(why: WhyNot): string {
  const facts = { amount: yuan(why.short_fen ?? 0), at: why.from_at ? dateOf(why.from_at) : '' }
  return tOr(`coupons.why.${why.code}`, t('coupons.why.other'), facts)
}

/** What leaves the sale together with its member. */
export function lostWith(quote: Quote | null): string {
  if (!quote) return t('member.left')
  const parts = [
    quote.coupon_fen > 0 && t('member.lost.coupons', { amount: yuan(quote.coupon_fen) }),
    quote.points_fen > 0 && t('member.lost.points', { amount: yuan(quote.points_fen) }),
    quote.earns_points > 0 && t('member.lost.earns', { n: quote.earns_points }),
  ].filter((part) => part !== false)
  return parts.length > 0
    ? t('member.leftLost', { what: parts.join(t('listComma')) })
    : t('member.left')
}
