/** The GS1 check digit of digits without one (config/gs1.py). */
export function checkDigit(digits: string): string {
  let sum = 0
  for (let at = 0; at < digits.length; at += 1)
    sum += Number(digits[digits.length - 1 - at]) * (at % 2 === 0 ? 3 : 1)
  return String((10 - (sum % 10)) % 10)
}

export type Read = { code: string; grams?: number } | { wrong: 'bad_check_digit' }

/** What a scanned code stands for, as pos/scan.py reads it: a scale label has a PLU and grams in it. */
export function readCode(scanned: string): Read {
  const code = scanned.trim()
  if (/^2\d{12}$/.test(code)) {
    if (checkDigit(code.slice(0, 12)) !== code[12]) return { wrong: 'bad_check_digit' }
    return { code: code.slice(2, 7), grams: Number(code.slice(7, 12)) }
  }
  return { code: /^\d{12}$/.test(code) ? `0${code}` : code.slice(0, 20) }
}
