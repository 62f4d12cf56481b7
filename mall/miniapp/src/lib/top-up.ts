import type { TopUpOffer } from '../api/contract-value'

/** A tile: what is paid in and what comes with it, in fen; `from` where more may be paid in too. */
export interface Tile {
  rule_id: number
  amount_fen: number
  bonus_fen: number
  from: boolean
  title: string
}

/** What a rule brings for an amount; 0 where it does not fit.  The server decides; this only announces it. */
export function brings(offer: TopUpOffer, amount_fen: number): number {
  const fits = offer.from_fen === null ? amount_fen === offer.amount_fen : amount_fen >= offer.from_fen
  if (!fits) return 0
  return offer.bonus_bp === null ? (offer.bonus_fen ?? 0) : Math.floor((amount_fen * offer.bonus_bp) / 10_000)
}

/** The most that any rule brings for an amount. */
export function most(offers: readonly TopUpOffer[], amount_fen: number): number {
  return Math.max(0, ...offers.map((offer) => brings(offer, amount_fen)))
}

/** One tile an amount, the smallest first, with the most that any rule brings for it. */
export function tiles(offers: readonly TopUpOffer[]): Tile[] {
  const found = new Map<number, Tile>()
  for (const offer of offers) {
    const amount_fen = offer.amount_fen ?? offer.from_fen ?? 0
    if (!amount_fen || found.has(amount_fen)) continue
    const { rule_id, title } = offer
    found.set(amount_fen, { rule_id, amount_fen, bonus_fen: most(offers, amount_fen), from: offer.from_fen !== null, title })
  }
  return [...found.values()].sort((a, b) => a.amount_fen - b.amount_fen)
}

/** "50", "50.5", "50.55" -> fen; null for what is no amount of at least one fen. */
export function fenOf(text: string): number | null {
  const found = /^(\d{1,6})(?:\.(\d{1,2}))?$/.exec(text.trim())
  if (!found) return null
  const fen = Number(found[1]) * 100 + Number((found[2] ?? '').padEnd(2, '0'))
  return fen || null
}
