import type { Order } from '../api/contract'
import type { Key } from './i18n'
import { t } from './i18n'
import { slotDay } from './slots'
import { clock } from './time'

/** The state of an order in plain words. */
export function stateWords(order: Order): string {
  return order.channel === 'till' && order.state === 'done' ? t('state.till') : t(`state.${order.state}` as Key)
}

/** What happens next, or what to do. */
export function nextWords(order: Order): string {
  if (order.channel === 'till') return t('next.till', { store: order.store_name })
  if (order.state === 'cancelled') return t(order.paid_at ? 'next.cancelled_paid' : 'next.cancelled')
  const when = order.promise_at ? `${slotDay(order.promise_at)} ${clock(order.promise_at)}` : ''
  return t(`next.${order.state}` as Key, { when })
}

export function payKindWords(order: Order): string {
  return t(order.channel === 'till' ? 'order.paid_at_till' : 'order.paid_by_wechat')
}
