import { keep, kept } from '@web/kept'
import Dexie, { type Table } from 'dexie'
import type { Link } from './document'

export type State = 'waiting' | 'taken' | 'known' | 'excepted' | 'altered' | 'unread' | 'settled'

/** What goes beside a document until it is delivered, and is then forgotten. */
export interface Aside {
  phone: string
  salt: string
  name: string
}

/** A document as it is kept here: the very text that was hashed. */
export interface Kept {
  seq: number
  uuid: string
  kind: string
  no: string
  body: string
  hash: string
  state: State
  reason: string
  order_no: string | null
  at_ms: number
  payable_fen: number
  aside: Aside | null
}

type End = Pick<Kept, 'seq' | 'hash'>

const NOTHING = '0'.repeat(64)
/** States in which the server has the money in its books. */
export const BOOKED: readonly State[] = ['taken', 'known']

async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** What this device sold on its own, in a chain without gaps, written through to the disk before anybody is told. */
export class Journal {
  private readonly db: Dexie
  private readonly documents: Table<Kept, number>
  private appending: Promise<unknown> = Promise.resolve()

  constructor(private readonly name = 'till-journal') {
    this.db = new Dexie(name, { chromeTransactionDurability: 'strict' })
    this.db.version(1).stores({ documents: 'seq, &uuid, state' })
    this.documents = this.db.table('documents')
  }

  /** Write the document that `make` makes of its place at the end of the chain; one after another. */
  append(make: (seq: number, prev: string) => Link, aside: Aside | null = null): Promise<Kept> {
    const next = this.appending.then(() => this.write(make, aside))
    this.appending = next.catch(() => undefined)
    return next
  }

  private async write(
    make: (seq: number, prev: string) => Link,
    aside: Aside | null,
  ): Promise<Kept> {
    const last = await this.end()
    const document = make(last.seq + 1, last.hash)
    const body = JSON.stringify(document)
    const row: Kept = {
      seq: document.seq,
      uuid: document.uuid,
      kind: document.kind,
      no: document.no,
      body,
      hash: await sha256(body),
      state: 'waiting',
      reason: '',
      order_no: null,
      at_ms: document.at_ms,
      payable_fen: (document.payable_fen ?? 0) + (document.rounding_fen ?? 0),
      aside,
    }
    // `add` refuses a place that another tab took meanwhile: the chain has one end.
    await this.documents.add(row)
    keep(this.name, { seq: row.seq, hash: row.hash })
    return row
  }

  /**
   * The end of the chain, which is remembered beside the documents: where the browser lost some of them the chain goes
   * on after them, and the server sees the gap.
   */
  async end(): Promise<End> {
    const last = await this.documents.orderBy('seq').last()
    const remembered = kept<End>(this.name)
    return [last, remembered].reduce<End>(
      (one, other) => (other && other.seq > one.seq ? other : one),
      {
        seq: 0,
        hash: NOTHING,
      },
    )
  }

  waiting(most: number): Promise<Kept[]> {
    return this.documents.where('state').equals('waiting').limit(most).sortBy('seq')
  }

  async count(): Promise<{ waiting: number; rejected: Kept[] }> {
    const waiting = await this.documents.where('state').equals('waiting').count()
    return { waiting, rejected: await this.rejected() }
  }

  /** What the server did not book, as far as is known here. */
  rejected(): Promise<Kept[]> {
    return this.documents.where('state').anyOf('excepted', 'altered', 'unread').sortBy('seq')
  }

  async settle(uuid: string, state: State, reason: string, order_no: string | null): Promise<void> {
    await this.documents.where('uuid').equals(uuid).modify({ state, reason, order_no, aside: null })
  }

  /** Drop what the server has and is older than a moment. */
  async forget(before_ms: number): Promise<void> {
    const old = this.documents.where('state').anyOf(BOOKED)
    await old.and((one) => one.at_ms < before_ms).delete()
  }

  /** What the server does not have yet, or would not book. */
  unsettled(): Promise<Kept[]> {
    return this.documents
      .where('state')
      .noneOf([...BOOKED, 'settled'])
      .sortBy('seq')
  }

  byUuid(uuid: string): Promise<Kept | undefined> {
    return this.documents.where('uuid').equals(uuid).first()
  }

  latest(most: number): Promise<Kept[]> {
    return this.documents.orderBy('seq').reverse().limit(most).toArray()
  }

  close(): void {
    this.db.close()
  }
}
