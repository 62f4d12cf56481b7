/** How amounts are shown and typed. The server does the sums; nothing here decides a price. */

/** 1234 fen -> "12.34"; no thousands separator, as on a Chinese receipt. */
export function yuan(fen: number): string {
  const abs = Math.abs(fen)
  return `${fen < 0 ? '-' : ''}${Math.floor(abs / 100)}.${String(abs % 100).padStart(2, '0')}`
}

/** "12.34" -> 1234; null when it is not an amount of at most two decimals below ten million yuan. */
export function parseYuan(text: string): number | null {
  const match = /^(\d{0,7})(?:\.(\d{0,2}))?$/.exec(text.normalize('NFKC').trim())
  if (!match || (!match[1] && !match[2])) return null
  return Number(match[1] || 0) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
}

/** How a store rounds cash: the coin still paid, and the least remainder that goes up to the next one, in fen. */
const COIN = {
  none: [1, 1],
  drop_fen: [10, 10],
  drop_jiao: [100, 100],
  half_up: [10, 5],
  half_down: [10, 6],
} as const

export type CashRounding = keyof typeof COIN

/** What rounding adds to the cash that is due, as `trade/payments/cash.py` does it: shown before it is paid. */
export function roundingOf(due_fen: number, mode: CashRounding): number {
  const [unit, upFrom] = COIN[mode]
  const over = due_fen % unit
  return over >= upFrom ? unit - over : 0 - over
}

/** 2 -> "2"; 1250 grams -> "1.25". */
export function quantity(qty: number, weighed: boolean): string {
  return weighed ? String(qty / 1000) : String(qty)
}

/** The unit the quantity is counted in on screen. */
export function unitOf(line: { weighed: boolean; unit: string }): string {
  return line.weighed ? 'kg' : line.unit
}

/** "1.25" kilograms -> 1250 grams, or "3" -> 3 pieces; null when it is no usable quantity. */
export function parseQuantity(text: string, weighed: boolean): number | null {
  const clean = text.normalize('NFKC').trim()
  if (!weighed) return /^[1-9]\d{0,3}$/.test(clean) ? Number(clean) : null
  if (!/^\d{0,3}(\.\d{0,3})?$/.test(clean)) return null
  const grams = Math.round(Number(clean) * 1000)
  return grams > 0 ? grams : null
}

/** What a line will come to until the server's quote arrives: shown greyed, never charged. */
export function guessLine(price_fen: number, qty: number, weighed: boolean): number {
  return weighed ? Math.floor((price_fen * qty + 500) / 1000) : price_fen * qty
}
