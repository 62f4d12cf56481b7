/** The cart's lines as plain data, and what is wrong with them in a store.  No prices here. */

import type { QuoteLine } from '../api/contract'
import { stepOf } from './money'

export interface CartLine {
  sku_id: number
  product_id: number
  name: string
  spec: string
  unit: string
  weighed: boolean
  picture: string
  qty: number
  chosen: boolean
}

export type Goods = Omit<CartLine, 'qty' | 'chosen'>

const MOST = 999
const MOST_G = 99_500

export function most(weighed: boolean): number {
  return weighed ? MOST_G : MOST
}

/** The lines with `qty` more of something; what was just added stands first and is chosen. */
export function withMore(lines: readonly CartLine[], goods: Goods, qty: number): CartLine[] {
  const known = lines.find((line) => line.sku_id === goods.sku_id)
  const sum = Math.min((known?.qty ?? 0) + qty, most(goods.weighed))
  return [{ ...only(goods), qty: sum, chosen: true }, ...lines.filter((line) => line !== known)]
}

export function withQty(lines: readonly CartLine[], sku_id: number, qty: number): CartLine[] {
  return lines.map((line) =>
    line.sku_id === sku_id ? { ...line, qty: Math.max(stepOf(line.weighed), Math.min(qty, most(line.weighed))) } : line,
  )
}

export type Fault = 'not_sold' | 'sold_out' | 'short' | null

/** What keeps a line from being bought: `quoted` is the server's line, or undefined where it is not sold. */
export function faultOf(line: { qty: number }, quoted: QuoteLine | undefined): Fault {
  if (!quoted) return 'not_sold'
  if (quoted.free <= 0) return 'sold_out'
  return quoted.free < line.qty ? 'short' : null
}

/** A card carries more than the cart keeps. */
function only(goods: Goods): Goods {
  const { sku_id, product_id, name, spec, unit, weighed, picture } = goods
  return { sku_id, product_id, name, spec, unit, weighed, picture }
}
