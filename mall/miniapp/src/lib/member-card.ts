import type { CardSecret } from './member-code'
import { keep, kept } from './kept'

/** The secret of this phone, and whose it is: a code must come without network, and never be another member's. */
interface KeptCard extends CardSecret {
  member_no: string
}

const NAME = 'card'

export function keptCard(member_no: string): CardSecret | null {
  const card = kept<KeptCard>(NAME)
  return card && card.member_no === member_no ? { ref: card.ref, secret: card.secret } : null
}

export function keepCard(member_no: string, card: CardSecret): void {
  keep(NAME, { member_no, ref: card.ref, secret: card.secret })
}
