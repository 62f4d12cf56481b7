/** 拼团 in words. */

import type { Order } from '../api/contract'
import type { OrderGroup } from '../api/contract-group'
import { t } from './i18n'

/** How long a group may wait: whole hours where it is whole hours. */
export function waitWords(minutes: number): string {
  return minutes % 60 ? t('group.minutes', { n: minutes }) : t('group.hours', { n: minutes / 60 })
}

/** An order that is paid and waits for its group; else null. */
export function waitsFor(order: Order): OrderGroup | null {
  const group = order.group ?? null
  return group?.seat === 'taken' && group.state === 'open' && order.state === 'paid' ? group : null
}

/** Why an order of a group ended, where its group is the reason; else ''. */
export function endedBy(order: Order): string {
  if (order.state !== 'cancelled' || !order.group) return ''
  if (order.group.seat === 'left' && order.group.state === 'failed') return t('group.order_failed')
  return order.group.seat === 'asked' && order.refunded_fen ? t('group.order_late') : ''
}

/** Where its group stands, on an order's page. */
export function groupWords(order: Order): string {
  const group = order.group
  if (!group) return ''
  if (group.state === 'open') return t('group.missing', { n: group.missing ?? 0 })
  return t(group.state === 'formed' ? 'group.is.formed' : 'group.is.failed')
}

/** Where a friend's tap leads. */
export function groupPath(id: number): string {
  return `/pages/group/group?id=${id}`
}
