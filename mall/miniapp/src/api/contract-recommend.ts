import type { Card } from './contract'

/** Why a product is recommended: in the cart for `days`, bought about every `days`, bought with `name`, or popular. */
export interface Reason {
  kind: 'pending' | 'usual' | 'with' | 'popular'
  name: string
  days: number
}

export interface RecommendedCard extends Card {
  reason: Reason
}

export interface Recommended {
  /** What chose them; it belongs into the events of what is shown. */
  model: string
  products: RecommendedCard[]
}
