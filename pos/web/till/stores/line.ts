import type { ByHand, Seller, Tag } from '@web/contract'

/** What the cashier sees of a line before, and without, the server's answer. */
export interface Line {
  sku_id: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  price_fen: number
  qty: number
  picture: string
  temporary?: boolean
  /** For the price engine; a line kept by an older version has neither. */
  steps?: [number, number][]
  category_id?: number
  hand?: ByHand
  key?: number
  tag?: Tag
  /** Another store hands it over; it then has a key of its own. */
  away?: { store_id: number; store_name: string }
  note?: string
  sellers?: Seller[]
}
