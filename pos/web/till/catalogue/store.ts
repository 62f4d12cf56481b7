import Dexie, { type Table } from 'dexie'
import type { Chunk, Row } from './goods'

interface Fact {
  name: string
  value: number
}

/** A chunk as it is kept: one string, because reading 200,000 rows as objects takes four times as long. */
interface KeptChunk {
  no: number
  rows: string
}

/** The goods of one store on this device: never one record per sku, which is 60 to 100 times slower. */
export class CatalogueStore {
  private readonly db: Dexie
  private readonly chunks: Table<KeptChunk, number>
  private readonly facts: Table<Fact, string>

  constructor(store_id: number) {
    this.db = new Dexie(`till-catalogue-${store_id}`)
    this.db.version(1).stores({ chunks: 'no', facts: 'name' })
    this.chunks = this.db.table('chunks')
    this.facts = this.db.table('facts')
  }

  async version(): Promise<number> {
    return (await this.facts.get('version'))?.value ?? 0
  }

  async load(): Promise<Chunk[]> {
    const kept = await this.chunks.toArray()
    return kept.map(({ no, rows }) => ({ no, rows: JSON.parse(rows) as Row[] }))
  }

  /** Chunks and the version they make up, together or not at all. */
  async keep(chunks: readonly Chunk[], version: number): Promise<void> {
    const kept = chunks.map(({ no, rows }) => ({ no, rows: JSON.stringify(rows) }))
    await this.db.transaction('rw', this.chunks, this.facts, async () => {
      await this.chunks.bulkPut(kept)
      await this.facts.put({ name: 'version', value: version })
    })
  }

  close(): void {
    this.db.close()
  }
}
