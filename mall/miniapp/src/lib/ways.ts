/** How an order is brought or sent, in words; what it costs the server says. */

import type { Address, WayOffered, WayTold } from '../api/contract-way'
import { distance } from './distance'
import { t } from './i18n'
import { yuan } from './money'

/** 7900 -> "79", 650 -> "6.50": in a few words even yuan stand alone. */
function short(fen: number): string {
  return fen % 100 ? yuan(fen) : String(fen / 100)
}

/** Under a way's name: what it costs at least, or that it is not to be had. */
export function offerWords(way: WayOffered): string {
  if (!way.open) return t('way.closed')
  return way.from_fen ? t('way.from', { yuan: short(way.from_fen) }) : t('way.free')
}

/** "满 79 元免运费 · 20 元起送"; '' where neither holds. */
export function thresholdWords(way: WayOffered): string {
  const free = way.free_from_fen === null || !way.from_fen ? '' : t('way.free_from', { yuan: short(way.free_from_fen) })
  const least = way.minimum_fen ? t('way.minimum', { yuan: short(way.minimum_fen) }) : ''
  return [free, least].filter(Boolean).join(' · ')
}

/** Why it cannot be had, or what lacks to its minimum; '' when it can. */
export function hindranceWords(way: WayTold | null | undefined): string {
  if (!way) return ''
  if (way.because) return t(`way.because.${way.because}`)
  return way.short_fen ? t('way.short', { yuan: short(way.short_fen) }) : ''
}

/** "运费（江浙沪 · 2.3 kg）" */
export function freightWords(way: WayTold | null | undefined): string {
  if (way?.mode === 'delivery' && !way.because) return t('way.fee_delivery', { km: distance(way.distance_m) })
  if (way?.mode === 'ship' && !way.because) return t('way.fee_ship', { zone: way.zone, kg: (way.weight_g / 1000).toFixed(1) })
  return t('price.freight')
}

/** The address that is meant: the one chosen, else the default, which comes first. */
export function chosenAddress(addresses: readonly Address[], id: number | null): Address | null {
  return addresses.find((one) => one.id === id) ?? addresses[0] ?? null
}
