import { expect, test } from 'vitest'
import { aLine, anOrder } from './makes'
import { cold, countedDays, nextStep, sectionOf } from './sections'

const full = [aLine(1, { qty: 2, picked_qty: 1, short_qty: 1 })]

test.each([
  [anOrder(1, { stage: 'new', state: 'assigned' }), 'new', 'accept'],
  [anOrder(1), 'picking', 'pick'],
  [anOrder(1, { state: 'picking', lines: full }), 'picking', 'ready'],
  [anOrder(1, { state: 'picking', mode: 'delivery', lines: full }), 'picking', 'pack'],
  [anOrder(1, { stage: 'ready', state: 'ready' }), 'ready', 'hand_over'],
  [anOrder(1, { stage: 'ready', state: 'packed', mode: 'ship' }), 'send', 'courier'],
  [anOrder(1, { stage: 'ready', state: 'courier_called', mode: 'delivery' }), 'send', 'courier'],
  [anOrder(1, { stage: 'away', state: 'handed', mode: 'delivery' }), 'send', 'arrive'],
  [anOrder(1, { stage: 'back', state: 'returning', mode: 'delivery' }), 'send', 'take_in'],
  [anOrder(1, { stage: 'back', state: 'no_show' }), 'ready', 'put_back'],
  [anOrder(1, { stage: 'cancelled', state: 'cancelled' }), null, 'none'],
] as const)('$state of $mode has its column and its next step', (order, section, step) => {
  expect([sectionOf(order), nextStep(order)]).toEqual([section, step])
})

test('an order is as sure as its least recently counted goods', () => {
  const now = Date.parse('2026-11-23T04:00:00Z')
  const lines = [
    aLine(1, { counted_at: '2026-11-23T00:00:00Z' }),
    aLine(2, { counted_at: '2026-11-20T00:00:00Z' }),
  ]
  expect(countedDays({ lines }, now)).toBe(3)
  expect(countedDays({ lines: [...lines, aLine(3)] }, now)).toBeNull()
})

test('the coldest goods are named first', () => {
  const lines = [
    aLine(1),
    aLine(2, { temperature: 'chilled' }),
    aLine(3, { temperature: 'frozen' }),
  ]
  expect(cold({ lines })).toEqual(['frozen', 'chilled'])
})
