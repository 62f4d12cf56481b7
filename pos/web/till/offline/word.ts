import type { Link, Place } from './document'

/** What a store lets its tills do without network, as `/api/pos/rules/limits` says it (`trade/stores/alone.py`). */
export interface AloneRule {
  /** A manager's PIN first, which is good for so many minutes. */
  by_manager: boolean
  minutes: number
}

export type WordAction = 'offline_mode' | 'late_shift'

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
