import type { DeskOrder } from '@web/contract'
import { DEFAULT_LAYOUTS, read } from '@web/labels'
import { day, serverNow } from '@web/time'

/** What a scanned or typed code is for. */
export type Aim =
  | { kind: 'order'; id: number }
  | { kind: 'shelf'; place: string }
  | { kind: 'goods'; code: string }
  | { kind: 'pickup'; code: string }
  | { kind: 'paper'; no: string }
  | { kind: 'unknown'; code: string }

type Known = Pick<DeskOrder, 'id' | 'no' | 'place' | 'lines'>

/** The code printed on a bag or hung on a tote: the parcel, and which bag of it. */
export const bagCode = (id: number, bag: number) => `P${id}-${bag}`

const same = (one: string, other: string) => one.toUpperCase() === other.toUpperCase()

/**
 * Where a code leads, whatever was being looked at: a bag or tote, an order, a shelf, a pickup code, a receipt, goods.
 *
 * Eight digits are a pickup code unless an open order has goods with that very code; twelve digits are an order of
 * this desk, else a receipt; a QR of the mini-program begins with `TP.`.
 */
export function aimOf(raw: string, orders: readonly Known[]): Aim {
  const code = raw.normalize('NFKC').trim()
  const plain = code.replace(/\s/g, '')
  if (/^TP\./.test(plain)) return { kind: 'pickup', code: plain }
  const bag = /^P(\d+)(?:-\d+)?$/i.exec(plain)
  const tote = bag && orders.find((order) => order.id === Number(bag[1]))
  if (tote) return { kind: 'order', id: tote.id }
  const mine = orders.find((order) => order.no === plain || order.no.slice(-6) === plain)
  if (mine) return { kind: 'order', id: mine.id }
  if (hasGoods(orders, plain)) return { kind: 'goods', code: plain }
  const place = orders.find((order) => order.place !== '' && same(order.place, code))?.place
  if (place) return { kind: 'shelf', place }
  if (orders.some((order) => order.lines.some((line) => line.shelf && same(line.shelf, code))))
    return { kind: 'shelf', place: code.toUpperCase() }
  if (/^\d{8}$/.test(plain)) return { kind: 'pickup', code: plain }
  if (/^\d{12}$/.test(plain)) return { kind: 'paper', no: plain }
  return { kind: 'unknown', code }
}

function hasGoods(orders: readonly Known[], code: string): boolean {
  return orders.some((order) =>
    order.lines.some((line) => line.barcode !== null && codesOf(code).includes(line.barcode)),
  )
}

let layouts: readonly string[] = DEFAULT_LAYOUTS

/** From now on labels of scales read as those of this store do. */
export function readLabelsBy(its: readonly string[]): void {
  layouts = its
}

/** How one code may stand in the catalogue: a UPC as EAN, a label of a scale or of GS1 as the goods it names. */
export function codesOf(code: string): string[] {
  const said = read(code, layouts, day(serverNow()))
  return [code, `0${code}`, ...('wrong' in said ? [] : [said.key])]
}

/** Whether an order is what a shelf, or goods, of the filter are about. */
export function concerns(order: Known, wanted: string): boolean {
  if (order.place && same(order.place, wanted)) return true
  return order.lines.some(
    (line) =>
      (line.shelf && same(line.shelf, wanted)) ||
      (line.barcode !== null && codesOf(wanted).includes(line.barcode)),
  )
}
