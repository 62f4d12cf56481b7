/** Fen arithmetic. Integers below 2^53 in and out; every rounding has a name. `config/money.py` in TypeScript. */

import { at, sorted, sum } from './lists'

/** Our own mistakes, never the customer's. */
export function sure(holds: boolean, ...facts: readonly unknown[]): asserts holds {
  if (!holds) throw new Error(`this cannot be: ${JSON.stringify(facts)}`)
}

/** A product that is exact. */
export function times(a: number, b: number): number {
  const found = a * b
  sure(Number.isSafeInteger(found), a, b)
  return found
}

/** `a / b` rounded down, `b` positive. */
export function floorDiv(a: number, b: number): number {
  sure(Number.isSafeInteger(a) && b > 0, a, b)
  const rest = a % b
  return (a - (rest < 0 ? rest + b : rest)) / b
}

/** `numerator / denominator` rounded half up; both not negative, the denominator positive. */
export function halfUp(numerator: number, denominator: number): number {
  sure(numerator >= 0 && denominator > 0, numerator, denominator)
  return floorDiv(times(2, numerator) + denominator, 2 * denominator)
}

/** What a line costs before deductions: pieces times price, or grams times the price per kg, half up. */
export function lineFen(unit_price_fen: number, qty: number, weighed: boolean): number {
  const product = times(unit_price_fen, qty)
  return weighed ? halfUp(product, 1000) : product
}

/**
 * Share an amount over lines in proportion to their weights, losing no fen.
 *
 * The shares sum to `total_fen`; the fen left over go to the largest remainders, earlier lines first. When `total_fen`
 * is at most the sum of the weights no share exceeds its weight.
 */
export function split(total_fen: number, weights: readonly number[]): number[] {
  const whole = sum(weights)
  sure(total_fen >= 0 && whole > 0 && weights.every((one) => one >= 0), total_fen, weights)
  const parts = weights.map((weight) => proportion(total_fen, weight, whole))
  const shares = parts.map(([share]) => share)
  const left_fen = total_fen - sum(shares)
  if (left_fen) {
    const order = weights.map((_, line) => line)
    const largest = sorted(order, (a, b) => at(parts, b)[1] - at(parts, a)[1])
    for (const line of largest.slice(0, left_fen)) shares[line] = at(shares, line) + 1
  }
  return shares
}

/** `total * weight / whole` rounded down, and the remainder; the product may pass 2^53, `weight` not `whole`. */
export function proportion(total: number, weight: number, whole: number): [number, number] {
  const product = total * weight
  if (product <= Number.MAX_SAFE_INTEGER) return [floorDiv(product, whole), product % whole]
  sure(Number.isSafeInteger(2 * whole) && weight <= whole, total, weight, whole)
  let [share, rest] = [0, 0]
  for (let bit = 2 ** 52; bit >= 1; bit /= 2) {
    const once = floorDiv(total, bit) % 2
    share *= 2
    rest *= 2
    for (const more of [0, once * weight]) {
      rest += more
      if (rest >= whole) {
        share += 1
        rest -= whole
      }
    }
  }
  return [share, rest]
}
