import { Refused } from '../api/api'
import type { Quote } from '../api/contract'
import { mall } from '../api/mall'
import { asked } from './bill'

export interface Wanted {
  sku_id: number
  qty: number
}

/** The quote of what the store sells of these lines; what it does not sell is left out and asked again. */
export async function quoteSold(store_id: number, wants: readonly Wanted[], coupon_ids: number[] = []): Promise<Quote | null> {
  if (!wants.length) return null
  const goods = { store_id, lines: wants.map(({ sku_id, qty }) => ({ sku_id, qty })) }
  try {
    return (await mall.quote(asked(goods, coupon_ids, 0, 0))).quote
  } catch (error) {
    const unsold = error instanceof Refused && error.code === 'not_for_sale' ? (error.facts.sku_ids as number[]) : []
    if (!unsold.length) throw error
    return quoteSold(store_id, wants.filter((want) => !unsold.includes(want.sku_id)))
  }
}
