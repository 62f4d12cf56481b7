import type { Item } from '@web/contract'

export type Steps = [number, number][]
type Turn = [from_ms: number, price_fen: number | null, steps: Steps]

/** One sku as the server feeds it (`trade/pricing/till_feed.py`): an array, because there may be 200,000. */
export type Row = [
  sku_id: number,
  name: string,
  spec: string,
  unit: string,
  weighed: boolean,
  category_id: number,
  pinyin: string,
  picture: string,
  /** `code*12` is of a case of twelve. */
  codes: string[],
  prices: Turn[],
]

/** So many sku ids that follow each other are one chunk. */
const CHUNK = 500

export interface Chunk {
  no: number
  rows: Row[]
}

/** The price in force at a moment: the last turn that has begun. */
export function priceAt(row: Row, now_ms: number): { price_fen: number; steps: Steps } | null {
  const turns = row[9]
  let at = turns.length - 1
  while (at > 0 && (turns[at] as Turn)[0] > now_ms) at -= 1
  const [, price_fen, steps] = turns[at] as Turn
  return price_fen === null ? null : { price_fen, steps }
}

const plain = (code: string): string => code.split('*', 1)[0] as string

/** How many units bear the code. */
function unitsOf(codes: readonly string[], code: string): number {
  const pack = codes.find((one) => one.startsWith(`${code}*`))
  return pack ? Number(pack.slice(code.length + 1)) : 1
}

/** The row as the rest of the till knows goods; null where it has no price now.  `free` is not known here. */
export function asItem(row: Row, code: string, now_ms: number): Item | null {
  const price = priceAt(row, now_ms)
  if (!price) return null
  const [sku_id, name, spec, unit, weighed, category_id, , picture, codes] = row
  return {
    sku_id,
    barcode: code || plain(codes[0] ?? ''),
    name,
    spec,
    unit,
    weighed,
    ...price,
    category_id,
    free: Number.NaN,
    qty: weighed ? 1000 : unitsOf(codes, code),
    picture,
  }
}

/** All goods of a store in memory: by code for the scanner, by chunk for what changes. */
export class Goods {
  private readonly chunks = new Map<number, Row[]>()
  private readonly byCode = new Map<string, Row>()

  get size(): number {
    let size = 0
    for (const rows of this.chunks.values()) size += rows.length
    return size
  }

  /** Put a chunk in the place of the one of its number. */
  put({ no, rows }: Chunk): void {
    for (const row of this.chunks.get(no) ?? []) {
      for (const code of row[8].map(plain))
        if (this.byCode.get(code)?.[0] === row[0]) this.byCode.delete(code)
    }
    if (rows.length === 0) this.chunks.delete(no)
    else this.chunks.set(no, rows)
    for (const row of rows) for (const code of row[8]) this.byCode.set(plain(code), row)
  }

  find(code: string): Row | undefined {
    return this.byCode.get(code)
  }

  /** The row of a sku: the chunks hold sku ids that follow each other, in order. */
  row(sku_id: number): Row | undefined {
    return this.chunks.get(Math.floor(sku_id / CHUNK))?.find((row) => row[0] === sku_id)
  }
}
