import { describe, expect, it } from 'vitest'
import { floorDiv, halfUp, lineFen, proportion, split, times } from './fen'
import { Sums } from './sums'

describe('shares', () => {
  it('lose no fen; the largest remainder first, then the earlier line', () => {
    expect(split(300, [1990, 990, 100])).toEqual([194, 96, 10])
    expect(split(1, [5, 5, 5])).toEqual([1, 0, 0])
    expect(split(0, [5, 0])).toEqual([0, 0])
  })

  it('are exact where the product is not', () => {
    const [total, weight, whole] = [899_999_999_999, 700_000_000_001, 1_300_000_000_007]
    const product = BigInt(total) * BigInt(weight)
    const exact = [product / BigInt(whole), product % BigInt(whole)].map(Number)
    expect(proportion(total, weight, whole)).toEqual(exact)
    expect(proportion(total, whole, whole)).toEqual([total, 0])
  })

  it('refuse what is our own mistake', () => {
    expect(() => split(5, [0, 0])).toThrow()
    expect(() => split(-1, [3])).toThrow()
    expect(() => times(2 ** 30, 2 ** 30)).toThrow()
  })
})

describe('rounding', () => {
  it('is half up, and down towards less', () => {
    expect([halfUp(5, 10), halfUp(4, 10), halfUp(20_005 * 9000, 10_000)]).toEqual([1, 0, 18_005])
    expect([floorDiv(7, 2), floorDiv(-7, 2), floorDiv(-8, 2)]).toEqual([3, -4, -4])
  })

  it('prices grams by the kilogram', () => {
    expect([lineFen(1990, 3, false), lineFen(1990, 250, true), lineFen(1990, 251, true)]).toEqual([
      5970, 498, 499,
    ])
  })
})

it('finds the smallest sum that is enough', () => {
  const sums = Sums.ZERO.plus([0, 31, 64]).plus([0, 33])
  const found = [1, 31, 32, 34, 64, 65, 97, 98].map((wanted) => sums.least(wanted))
  expect(found).toEqual([31, 31, 33, 64, 64, 97, 97, null])
})
