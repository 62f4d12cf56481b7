import type { Slot } from '../api/contract'
import { t } from './i18n'
import { clock, daysAhead, shortDay } from './time'

/** "今天", "明天", or the date. */
export function slotDay(at: string): string {
  const ahead = daysAhead(at)
  if (ahead === 0) return t('slot.today')
  return ahead === 1 ? t('slot.tomorrow') : shortDay(at)
}

export function slotHours(slot: Slot): string {
  return `${clock(slot.from_at)}-${clock(slot.to_at)}`
}

/** "今天 14:00-15:00" */
export function slotWords(slot: Slot): string {
  return `${slotDay(slot.from_at)} ${slotHours(slot)}`
}
