import type { Card } from './contract'

/** Finding goods, and what another store says of them.  Money in fen. */

export type Sort = 'usual' | 'new' | 'cheap' | 'dear'

/** What a list is narrowed to; prices are list prices, inclusive. */
export interface Narrowed {
  in_stock?: boolean
  promoted?: boolean
  /** Several, parted by commas. */
  brand?: string
  from_fen?: number
  to_fen?: number
  sort?: Sort
}

export interface Brand {
  brand: string
  products: number
}

/** For who found nothing here. */
export interface Instead {
  meant: string[]
  categories: { id: number; name: string }[]
  products: Card[]
  elsewhere: { store_id: number; store_name: string; products: number; name: string }[]
}

/** What another store has of a sku, since when the figure has stood so, and when it can be fetched there. */
export interface Elsewhere {
  store_id: number
  free: number
  figure_at: string | null
  promise_at: string | null
}

export interface Alternatives {
  /** The caller is told when this store has some again. */
  waits: boolean
  stores: Elsewhere[]
  /** What this store has of the kind at about the price; empty while it has the sku itself. */
  instead: Card[]
}
