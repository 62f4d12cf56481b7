import { t } from '@web/i18n'
import { dateAndTime } from '@web/time'
import type { DeskTicket } from './contract'

/** We owe an answer, and its time is over. */
export function isLate(one: DeskTicket, now: number): boolean {
  return one.due_at !== null && Date.parse(one.due_at) <= now
}

/** Where its clock stands, in words. */
export function clockWords(one: DeskTicket, now: number): string {
  if (one.state === 'closed') return t(`service.closedBy.${one.closed_by || 'staff'}`)
  if (one.state === 'answered') return t('service.closes', { at: dateAndTime(one.close_at ?? '') })
  const minutes = Math.round(Math.abs(Date.parse(one.due_at ?? '') - now) / 60_000)
  const long =
    minutes < 120
      ? t('service.minutes', { n: minutes })
      : t('service.hours', { n: Math.round(minutes / 60) })
  return t(isLate(one, now) ? 'service.over' : 'service.left', { long })
}
