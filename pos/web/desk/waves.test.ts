import { expect, test } from 'vitest'
import { aLine, anOrder } from './makes'
import {
  isDone,
  nextStop,
  openWaves,
  progressOf,
  scanned,
  slotsOf,
  waveFrom,
  waveOf,
} from './waves'

const MILK = '6901234567892'
const ICE = '6900000000017'
const orders = [
  anOrder(1, {
    lines: [
      aLine(1, { sku_id: 9, shelf: 'C-1', barcode: ICE, temperature: 'frozen' }),
      aLine(2, { sku_id: 5, shelf: 'A-10', barcode: MILK, qty: 2 }),
    ],
  }),
  anOrder(2, {
    lines: [
      aLine(1, { sku_id: 5, shelf: 'A-10', barcode: MILK }),
      aLine(2, { sku_id: 7, shelf: 'A-9' }),
    ],
  }),
]
const wave = () => waveOf(orders, 0)

test('one walks by shelf, the same goods together, the cold last', () => {
  expect(wave().stops.map((stop) => `${stop.letter}${stop.shelf}`)).toEqual([
    'BA-9',
    'AA-10',
    'BA-10',
    'AC-1',
  ])
})

test('at most twelve parcels are walked at once', () => {
  const many = Array.from({ length: 20 }, (_, index) => anOrder(index + 1))
  expect(
    waveOf(many, 0)
      .totes.map((tote) => tote.letter)
      .join(''),
  ).toBe('ABCDEFGHIJKL')
})

test('a scan at a stop is right, of another stop, or of none', () => {
  const walk = wave()
  expect(scanned(walk, 1, MILK)).toBe('right')
  expect(scanned(walk, 1, ICE)).toMatchObject({ letter: 'A', sku_id: 9 })
  expect(scanned(walk, 1, '6999999999990')).toBeNull()
  const stop = walk.stops[1]
  if (stop) stop.picked_qty = 2
  expect(scanned(walk, 1, MILK)).toBe('full')
})

test('the next stop with something left is found, round once, what is given up left out', () => {
  const walk = wave()
  for (const stop of walk.stops.slice(1)) Object.assign(stop, { picked_qty: stop.qty })
  expect(nextStop(walk, 1)).toBe(0)
  const [last] = walk.stops
  if (last) last.short_qty = 1
  expect(last && isDone(last)).toBe(true)
  expect(nextStop(walk, 2)).toBe(2)
  expect(progressOf(walk)).toEqual({ done: 4, all: 4 })
})

test('progress is told of the whole and of each tote', () => {
  const walk = wave()
  const [first] = walk.stops
  if (first) first.picked_qty = 1
  expect([progressOf(walk), progressOf(walk, 'A'), progressOf(walk, 'B')]).toEqual([
    { done: 1, all: 4 },
    { done: 0, all: 2 },
    { done: 1, all: 2 },
  ])
})

const inWaves = orders.map((order, index) => ({
  ...order,
  waves: [
    { wave_id: 7, tote: 2 - index, temperature: 'ambient' as const, picker: '孙浩然' },
    ...(index === 0 ? [{ wave_id: 8, tote: 1, temperature: 'frozen' as const, picker: null }] : []),
  ],
}))

test('a wave of the store has its own totes, and of their goods those of its temperature', () => {
  const wave = waveFrom(inWaves, 7, 0)
  expect(wave?.id).toBe(7)
  expect(wave?.totes.map((tote) => [tote.letter, tote.parcel])).toEqual([
    ['A', 2],
    ['B', 1],
  ])
  expect(wave?.stops.map((stop) => `${stop.letter}${stop.sku_id}`)).toEqual(['A7', 'A5', 'B5'])
  expect(waveFrom(inWaves, 9, 0)).toBeNull()
})

test('goods that several totes want are taken once and put to each', () => {
  const wave = waveOf(orders, 0)
  expect(slotsOf(wave, 1).map((stop) => [stop.letter, stop.qty])).toEqual([
    ['A', 2],
    ['B', 1],
  ])
  expect(slotsOf(wave, 0)).toEqual([])
})

test('the open waves are told by the cards that stand in them', () => {
  expect(openWaves(inWaves)).toEqual([
    { id: 7, temperature: 'ambient', picker: '孙浩然', totes: 2 },
    { id: 8, temperature: 'frozen', picker: '', totes: 1 },
  ])
})
