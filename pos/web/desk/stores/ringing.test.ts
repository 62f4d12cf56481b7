import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { anOrder } from '../makes'

const played: string[] = []
vi.mock('@web/sounds', () => ({ play: (tone: string) => played.push(tone) }))

const { useOrders } = await import('./orders')
const { unheard, useRinging } = await import('./ringing')

const NOW = Date.parse('2026-11-23T04:00:00Z')
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString()
/** Ten minutes to accept, from now on. */
const fresh = (id: number) =>
  anOrder(id, { stage: 'new', state: 'assigned', assigned_at: at(0), accept_by: at(600) })

beforeEach(() => {
  setActivePinia(createPinia())
  played.length = 0
  useOrders().orders = [fresh(1)]
})

function run(from: number, to: number): number {
  played.length = 0
  for (let second = from; second < to; second += 1) useRinging().tick(NOW + second * 1000)
  return played.length
}

test('it rings until somebody heard it, ever more often', () => {
  expect(run(0, 60)).toBe(2)
  expect(run(300, 360)).toBe(5)
  expect(run(480, 540)).toBe(12)
  expect(new Set(played)).toEqual(new Set(['urgent']))
})

test('heard once it is silent, until half of the clock and four fifths of it have run', () => {
  const ringing = useRinging()
  run(0, 2)
  ringing.acknowledge(NOW + 2000)
  expect(run(2, 300)).toBe(0)
  expect(run(300, 301)).toBe(1)
  ringing.acknowledge(NOW + 301_000)
  expect(run(301, 480)).toBe(0)
  expect(run(480, 482)).toBe(1)
})

test('an order that comes after another was heard rings anew', () => {
  const ringing = useRinging()
  ringing.acknowledge(NOW)
  useOrders().orders.push(fresh(2))
  expect(unheard(useOrders().orders, ringing.heard, NOW).map((order) => order.id)).toEqual([2])
  expect(run(0, 1)).toBe(1)
})

test('what is accepted rings no more', () => {
  useOrders().orders = [anOrder(1)]
  expect(run(0, 600)).toBe(0)
})
