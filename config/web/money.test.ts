import { expect, test } from 'vitest'
import { guessLine, parseQuantity, parseYuan, quantity, roundingOf, yuan } from './money'

test.each([
  [0, '0.00'],
  [5, '0.05'],
  [1234, '12.34'],
  [-690, '-6.90'],
  [123456789, '1234567.89'],
])('%i fen are shown as %s', (fen, shown) => {
  expect(yuan(fen)).toBe(shown)
})

test.each([
  ['12.34', 1234],
  ['100', 10000],
  ['.5', 50],
  ['8.', 800],
  ['0', 0],
  [' １２．５ ', 1250],
  ['9999999.99', 999999999],
])('"%s" is typed for %i fen', (typed, fen) => {
  expect(parseYuan(typed)).toBe(fen)
})

test.each(['', '.', '-1', '1.234', '12,5', 'abc', '10000000', '1e3'])(
  '"%s" is no amount',
  (typed) => {
    expect(parseYuan(typed)).toBeNull()
  },
)

test('what is shown can be typed again', () => {
  for (let fen = 0; fen < 30_000; fen += 7) expect(parseYuan(yuan(fen))).toBe(fen)
})

test.each([
  ['3', false, 3],
  ['0', false, null],
  ['1.5', false, null],
  ['-2', false, null],
  ['99999', false, null],
  ['0.53', true, 530],
  ['1.005', true, 1005],
  ['.5', true, 500],
  ['0', true, null],
  ['0.0001', true, null],
  ['', true, null],
])('the quantity "%s" (weighed: %s) is %s', (typed, weighed, qty) => {
  expect(parseQuantity(typed, weighed)).toBe(qty)
})

test('grams are shown as kilograms, pieces as they are', () => {
  expect([quantity(1250, true), quantity(530, true), quantity(3, false)]).toEqual([
    '1.25',
    '0.53',
    '3',
  ])
})

test('a line is guessed by rounding half a fen up, as the server does', () => {
  expect([guessLine(1198, 530, true), guessLine(1000, 1, true), guessLine(990, 3, false)]).toEqual([
    635, 1, 2970,
  ])
})

test.each([
  ['none', 1289, 0],
  ['drop_fen', 1289, -9],
  ['drop_jiao', 1289, -89],
  ['half_up', 1285, 5],
  ['half_up', 1284, -4],
  ['half_down', 1285, -5],
  ['half_down', 1286, 4],
  ['half_down', 1280, 0],
] as const)('%s of %i fen adds %i', (mode, due, delta) => {
  expect(roundingOf(due, mode)).toBe(delta)
})
