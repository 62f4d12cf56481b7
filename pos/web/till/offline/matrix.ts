import type { Key } from '@web/i18n'

/** What a till may do without network (till-and-store-desk.md 3.9), each with what comes of it, in words. */
export interface Item {
  may: boolean
  what: Key
  how: Key
}

export const MATRIX: readonly Item[] = [
  { may: true, what: 'matrix.alone', how: 'matrix.alone.how' },
  { may: true, what: 'matrix.cash', how: 'matrix.cash.how' },
  { may: true, what: 'matrix.qr', how: 'matrix.qr.how' },
  { may: true, what: 'matrix.rules', how: 'matrix.rules.how' },
  { may: true, what: 'matrix.changed', how: 'matrix.changed.how' },
  { may: true, what: 'matrix.member', how: 'matrix.member.how' },
  { may: true, what: 'matrix.points', how: 'matrix.points.how' },
  { may: true, what: 'matrix.join', how: 'matrix.join.how' },
  { may: true, what: 'matrix.stock', how: 'matrix.stock.how' },
  { may: true, what: 'matrix.back', how: 'matrix.back.how' },
  { may: true, what: 'matrix.void', how: 'matrix.void.how' },
  { may: true, what: 'matrix.pickup', how: 'matrix.pickup.how' },
  { may: true, what: 'matrix.pin', how: 'matrix.pin.how' },
  { may: true, what: 'matrix.hand', how: 'matrix.hand.how' },
  { may: false, what: 'matrix.code', how: 'matrix.code.how' },
  { may: false, what: 'matrix.spend', how: 'matrix.spend.how' },
  { may: false, what: 'matrix.backOther', how: 'matrix.backOther.how' },
]
