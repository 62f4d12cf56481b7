import type { AwayMode, OtherStore } from '@web/contract'
import { t } from '@web/i18n'
import { clock, dateAndTime, serverNow } from '@web/time'

export const MODES: readonly AwayMode[] = ['pickup', 'delivery', 'ship']

const MINUTE_MS = 60_000

/** 850 m, 3.2 km. */
export function distance(metres: number): string {
  return metres < 1000 ? `${metres} m` : `${(metres / 1000).toFixed(metres < 10_000 ? 1 : 0)} km`
}

/** How old a figure is: what nobody moved for days may be wrong. */
export function ageOf(store: OtherStore): string {
  if (store.count_due) return t('away.doubt')
  if (!store.figure_at) return t('away.never')
  const minutes = Math.floor((serverNow() - Date.parse(store.figure_at)) / MINUTE_MS)
  if (minutes < 1) return t('away.age.now')
  if (minutes < 60) return t('away.age.minutes', { n: minutes })
  if (minutes < 1440) return t('away.age.hours', { n: Math.floor(minutes / 60) })
  return t('away.age.days', { n: Math.floor(minutes / 1440) })
}

/** Open, shut until when, or not taking orders. */
export function openWords(store: OtherStore): string {
  if (store.paused) return t('away.pausedShort')
  if (store.open || !store.opens_at) return t('away.open')
  const soon = Date.parse(store.opens_at) - serverNow() < 24 * 60 * MINUTE_MS
  return t('away.opens', { at: soon ? clock(store.opens_at) : dateAndTime(store.opens_at) })
}
