import { expect, test } from 'vitest'
import { allGood, lacking, missing, move } from './coming-back'

const milk = { line_no: 1, handed_qty: 3, weighed: false }
const fish = { line_no: 2, handed_qty: 1250, weighed: true }

test('a unit found damaged is good no more, and what is in neither is missing', () => {
  let found = allGood([milk, fish])
  found = move(found, milk, 'damaged', 1)
  expect(found[1]).toEqual({ good: 2, damaged: 1 })
  found = move(found, milk, 'good', -1)
  expect(missing(found, milk)).toBe(1)
  expect(lacking(found, [milk, fish])).toEqual([1, 1])
})

test('no more comes back than was handed over, and no less than nothing', () => {
  let found = allGood([milk])
  for (let n = 0; n < 5; n += 1) found = move(found, milk, 'damaged', 1)
  expect(found[1]).toEqual({ good: 0, damaged: 3 })
  for (let n = 0; n < 5; n += 1) found = move(found, milk, 'damaged', -1)
  expect(found[1]).toEqual({ good: 0, damaged: 0 })
})

test('weighed goods go all at once', () => {
  const found = move(allGood([fish]), fish, 'damaged', 1)
  expect(found[2]).toEqual({ good: 0, damaged: 1250 })
  expect(lacking(found, [fish])).toEqual([1, 0])
})
