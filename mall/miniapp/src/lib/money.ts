/** How amounts are shown.  The server does the sums; nothing here decides a price. */

/** 1234 fen -> "12.34"; no thousands separator, as on a Chinese receipt. */
export function yuan(fen: number): string {
  const { sign, whole, cents } = parts(fen)
  return `${sign}${whole}.${cents}`
}

/** An amount in the pieces that are set in different sizes. */
export function parts(fen: number): { sign: string; whole: string; cents: string } {
  const abs = Math.abs(fen)
  return {
    sign: fen < 0 ? '−' : '',
    whole: String(Math.floor(abs / 100)),
    cents: String(abs % 100).padStart(2, '0'),
  }
}

/** 2 -> "2"; 1250 grams -> "1.25". */
export function quantity(qty: number, weighed: boolean): string {
  return weighed ? String(qty / 1000) : String(qty)
}

/** The unit that the quantity is counted in on screen. */
export function unitOf(line: { weighed: boolean; unit: string }): string {
  return line.weighed ? 'kg' : line.unit
}

/** What a stepper adds: one piece, or 500 grams. */
export function stepOf(weighed: boolean): number {
  return weighed ? 500 : 1
}

/** Below this much the shop tells how much is left. */
const SCARCE = 10
const SCARCE_G = 5000

export type Stock = 'none' | 'few' | 'plenty'

/** How the shelf stands: `free` is pieces or grams. */
export function stockOf(free: number, weighed: boolean): Stock {
  if (free <= 0) return 'none'
  return free <= (weighed ? SCARCE_G : SCARCE) ? 'few' : 'plenty'
}
