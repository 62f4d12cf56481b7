/** What the server says of counts, transfers, deliveries and goods that are not for sale. */

export interface Goods {
  sku_id: number
  name: string
  spec: string
  unit: string
  /** Counted in grams, and shown in kilograms. */
  weighed: boolean
  shelf?: string
}

export type Tab = 'counts' | 'transfers' | 'deliveries' | 'apart' | 'labels'

export interface PaperLine extends Goods {
  asked?: number
  shipped?: number
  received?: number
  damaged?: number
  expected?: number
  /** What was counted of it, in this turn; in a closed count what it came to. */
  on_shelf?: number | null
  counted?: number | null
  variance?: number | null
  in_totes?: number
  set_apart?: number
  turn?: number
  differs?: number | null
}

/** A count, a transfer or a delivery. */
export interface Paper {
  id: number
  state: string
  name?: string
  supplier?: string
  external_no?: string
  store_id: number
  to_store_id?: number
  from_store?: string
  to_store?: string
  at: string
  skus: number
  scanned?: number
  differs?: boolean
  recount_above?: number
  lines?: PaperLine[]
}

export interface Apart extends Goods {
  qty: number
  reason: string
  at: string
}

/** Sku by sku what is in the hand now: how many, and how many of them are damaged. */
export interface Tally extends Goods {
  qty: number
  damaged: number
  /** What the paper says; null where nobody should know. */
  wanted: number | null
}

export interface Variance {
  sku_id: number
  counted: number | null
  expected: number | null
  variance: number | null
  again: boolean
}
