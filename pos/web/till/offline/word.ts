import type { Sold } from './back'
import type { Link, Place } from './document'

/** What a store lets its tills do without network, as `/api/pos/rules/limits` says it (`trade/stores/alone.py`). */
export interface AloneRule {
  /** A manager's PIN first, which is good for so many minutes. */
  by_manager: boolean
  minutes: number
  /** Whether customers may pay the printed code, up to so much a sale and in all from a manager's PIN on. */
  qr: boolean
  qr_sale_fen: number
  qr_outage_fen: number
}

export type WordAction = 'offline_mode' | 'late_shift' | 'tender_unknown'

/** A manager's word for a time, as it is written down (`trade/orders/offline/word.py`). */
export interface WordDocument extends Link {
  kind: 'word'
  action: WordAction
  approver_id: number
  reason: string
  until_ms: number
}

export const wordOf = (
  said: Pick<WordDocument, 'action' | 'approver_id' | 'reason'>,
  lives_ms: number,
  place: Place,
): WordDocument => ({ ...place, kind: 'word', ...said, until_ms: place.at_ms + lives_ms })

/** What customers paid by the printed code since a moment. */
export const paidByCode = (sold: readonly Sold[], since_ms: number): number =>
  sold
    .filter(({ sale }) => sale.tender === 'static_qr' && sale.at_ms >= since_ms)
    .reduce((sum, { sale }) => sum + sale.payable_fen, 0)
