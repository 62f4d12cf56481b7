import { quantity, unitOf } from '@web/money'
import type { Goods, Paper, Tally } from './contract'

/** What one does with an open paper, by what it is and where it stands; null when there is nothing to do. */
export type Work = 'count' | 'ship' | 'receive' | 'deliver' | 'ask' | 'expect' | 'apart'

export function workOf(tab: string, paper: Paper, store_id: number): Work | null {
  if (tab === 'counts') return paper.state === 'open' ? 'count' : null
  if (tab === 'deliveries') return paper.state === 'expected' ? 'deliver' : null
  if (paper.state === 'requested' && paper.store_id === store_id) return 'ship'
  return paper.state === 'shipped' && paper.to_store_id === store_id ? 'receive' : null
}

/** A fresh tally of a paper: everything at nothing, so that what is not touched was not there. */
export function fresh(paper: Paper, work: Work): Tally[] {
  const wanted = { ship: 'asked', receive: 'shipped', deliver: 'expected' } as const
  return (paper.lines ?? []).map(({ sku_id, name, spec, unit, weighed, shelf, ...line }) => ({
    ...{ sku_id, name, spec, unit, weighed, shelf: shelf ?? '', qty: 0, damaged: 0 },
    wanted:
      work === 'ship' || work === 'receive' || work === 'deliver'
        ? (line[wanted[work]] ?? 0)
        : null,
  }))
}

/**
 * One more of goods in a tally, the latest on top; weighed goods only come up, their weight is typed.
 *
 * `wanted` is what the paper says of goods that it does not name: nothing of what arrives, null where nobody should know.
 */
export function oneMore(
  tally: readonly Tally[],
  goods: Goods,
  wanted: number | null = null,
): Tally[] {
  const found = tally.find((line) => line.sku_id === goods.sku_id)
  const line = found ?? { ...goods, qty: 0, damaged: 0, wanted }
  return [
    { ...line, qty: line.qty + (goods.weighed ? 0 : 1) },
    ...tally.filter((one) => one.sku_id !== goods.sku_id),
  ]
}

/** What differs from the paper: signed, by goods; what nobody knows differs from nothing. */
export function differences(tally: readonly Tally[]): (Goods & { by: number })[] {
  return tally
    .filter((line) => line.wanted !== null && line.qty !== line.wanted)
    .map((line) => ({ ...line, by: line.qty - (line.wanted ?? 0) }))
}

/** What was typed, as pieces, or kilograms as grams; nothing usable is nothing. */
export function typed(text: string, weighed: boolean): number {
  const n = Number(text.normalize('NFKC').trim())
  if (!(n > 0)) return 0
  return weighed ? Math.round(n * 1000) : Math.trunc(n)
}

/** 1250 grams as "1.25 kg", 3 pieces as "3 盒"; `signed` ones with their sign, and none as a dash. */
export function amount(
  qty: number | null | undefined,
  goods: Pick<Goods, 'unit' | 'weighed'>,
  signed = false,
): string {
  if (qty == null) return '—'
  const sign = signed && qty > 0 ? '+' : ''
  return `${sign}${quantity(qty, goods.weighed)} ${unitOf(goods)}`
}
