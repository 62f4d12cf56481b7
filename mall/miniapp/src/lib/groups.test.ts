import { expect, test, vi } from 'vitest'
import type { Order } from '../api/contract'
import type { OrderGroup } from '../api/contract-group'

vi.stubGlobal('uni', { getStorageSync: () => '' })
const { endedBy, groupWords, waitsFor, waitWords } = await import('./groups')
const { t } = await import('./i18n')

const of = (state: Order['state'], group: Partial<OrderGroup> | null, refunded_fen = 0): Order =>
  ({ state, refunded_fen, group: group && { id: 1, seat: 'taken', state: 'open', missing: 2, fill_by: null, ...group } }) as unknown as Order

test('an order waits only while it is paid and its group is open', () => {
  expect(waitsFor(of('paid', {}))).not.toBeNull()
  for (const other of [of('paid', { state: 'formed' }), of('cancelled', { seat: 'left' }), of('placed', { seat: 'asked' }), of('paid', null)])
    expect(waitsFor(other)).toBeNull()
})

test('a cancelled order says that its group is the reason, and only then', () => {
  expect(endedBy(of('cancelled', { seat: 'left', state: 'failed' }))).toBe(t('group.order_failed'))
  expect(endedBy(of('cancelled', { seat: 'asked', state: 'formed' }, 655))).toBe(t('group.order_late'))
  for (const other of [of('cancelled', { seat: 'asked' }), of('cancelled', { seat: 'left', state: 'formed' }), of('paid', {})])
    expect(endedBy(other)).toBe('')
})

test('words for a wait and for where a group stands', () => {
  expect([waitWords(120), waitWords(90)]).toEqual([t('group.hours', { n: 2 }), t('group.minutes', { n: 90 })])
  expect(groupWords(of('paid', {}))).toBe(t('group.missing', { n: 2 }))
  expect(groupWords(of('cancelled', { state: 'failed' }))).toBe(t('group.is.failed'))
})
