import type { Order } from '../api/contract'
import type { MessageKind } from '../api/contract-value'
import { endedBy, waitsFor } from './groups'
import type { Key } from './i18n'
import { t, tOr } from './i18n'
import { slotDay } from './slots'
import { clock } from './time'

/** The state of an order in plain words. */
export function stateWords(order: Order): string {
  if (order.channel === 'till' && order.state === 'done') return t('state.till')
  if (waitsFor(order)) return t('group.state_waits')
  return tOr(`state.${order.mode}.${order.state}`, t(`state.${order.state}` as Key))
}

/** States whose next step is another where it is brought or sent. */
const WAY_TELLS = ['paid', 'preparing', 'ready', 'shipping', 'done']

/** What happens next, or what to do. */
export function nextWords(order: Order): string {
  if (order.channel === 'till') return t('next.till', { store: order.store_name })
  if (waitsFor(order)) return t('group.next_waits')
  if (endedBy(order)) return endedBy(order)
  if (order.state === 'cancelled') return t(order.paid_at ? 'next.cancelled_paid' : 'next.cancelled')
  const when = order.promise_at ? `${slotDay(order.promise_at)} ${clock(order.promise_at)}` : ''
  if (order.mode === 'pickup' || !WAY_TELLS.includes(order.state)) return t(`next.${order.state}` as Key, { when })
  return t(`next.${order.mode}.${order.state}` as Key, { when })
}

export function payKindWords(order: Order): string {
  const wallet_fen = order.wallet_principal_fen + order.wallet_bonus_fen
  if (wallet_fen && wallet_fen === order.payable_fen) return t('order.paid_by_wallet')
  return t(order.channel === 'till' ? 'order.paid_at_till' : 'order.paid_by_wechat')
}

/** What is worth telling of an order from here on; WeChat is asked about three at most. */
export function toTell(order: Pick<Order, 'mode' | 'state' | 'group'>): MessageKind[] {
  const handed: MessageKind = order.mode === 'pickup' ? 'ready' : 'shipped'
  if (order.group && (order.group.state ?? 'open') === 'open') return ['group', handed, 'refund']
  return order.state === 'placed' ? ['paid', handed, 'refund'] : [handed, 'changed', 'refund']
}
