/** The GS1 check digit of digits without one (config/gs1.py). */
export function checkDigit(digits: string): string {
  let sum = 0
  for (let at = 0; at < digits.length; at += 1)
    sum += Number(digits[digits.length - 1 - at]) * (at % 2 === 0 ? 3 : 1)
  return String((10 - (sum % 10)) % 10)
}

const TIMES = {
  '2-': '0246891357',
  '3': '0369258147',
  '5+': '0516273849',
  '5-': '0594837261',
} as const
const FOUR = ['2-', '2-', '3', '5-'] as const
const FIVE = ['5+', '2-', '5-', '5+', '2-'] as const

/** The check digit of a price of four or five digits within a number, as GS1 weighs it. */
export function priceCheckDigit(price: string): string {
  const weights = price.length === 4 ? FOUR : FIVE
  let sum = 0
  weights.forEach((weight, at) => {
    sum += Number(TIMES[weight][Number(price[at])])
  })
  return price.length === 4
    ? String((sum * 3) % 10)
    : String(TIMES['5-'].indexOf(String((10 - (sum % 10)) % 10)))
}
