import type { Pieces } from '@web/contract'
import type { Link, Place } from './document'

/** That a shift was opened, or counted, as it is written down (`trade/orders/offline/shift_said.py`). */
export interface OpenDocument extends Link {
  kind: 'open'
  pieces: Pieces
}

export interface SealDocument extends Link {
  kind: 'seal'
  again: boolean
  pieces: Pieces
  taken_fen: number
  unsent: Unsent[]
}

/** A document that was not delivered when the drawer was counted. */
export interface Unsent {
  no: string
  fen: number
}

export const openOf = (pieces: Pieces, place: Place): OpenDocument => ({
  ...place,
  kind: 'open',
  pieces,
})

export const sealOf = (
  said: Pick<SealDocument, 'again' | 'pieces' | 'taken_fen' | 'unsent'>,
  place: Place,
): SealDocument => ({ ...place, kind: 'seal', ...said })

/** What notes and coins say, in fen. */
export const FACES = [10000, 5000, 2000, 1000, 500, 100, 50, 10, 1] as const

export const worth = (pieces: Pieces): number =>
  Object.entries(pieces).reduce((sum, [face, n]) => sum + Number(face) * n, 0)
