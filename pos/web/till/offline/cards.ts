import Dexie, { type Table } from 'dexie'

/** A member as a till knows them without network (`member/till_cards.py`): id, masked name, tier, and prints. */
export type CardRow = [id: number, name: string, tier: string, ...prints: string[]]

export interface Part {
  key: string
  parts: number
  rows: CardRow[]
}

interface KeptPart extends Part {
  no: number
  etag: string | null
  /** When the server last said that this is how it stands. */
  at: number
}

/** A price for a member is given by a tier that was true within so long. */
const GOOD_FOR_MS = 7 * 24 * 3600_000
const PRINT_DIGITS = 7

/** The members of one store on this device. */
export class MemberCards {
  private readonly db: Dexie
  private readonly kept: Table<KeptPart, number>

  constructor(store_id: number) {
    this.db = new Dexie(`till-members-${store_id}`)
    this.db.version(1).stores({ parts: 'no' })
    this.kept = this.db.table('parts')
  }

  async etag(no: number): Promise<string | null> {
    return (await this.kept.get(no))?.etag ?? null
  }

  /** How many parts there are, by what is here. */
  async parts(): Promise<number> {
    return (await this.kept.get(0))?.parts ?? 1
  }

  async keep(no: number, part: Part, etag: string | null, at: number): Promise<void> {
    await this.kept.put({ ...part, no, etag, at })
  }

  /** A part is still as it was. */
  async confirm(no: number, at: number): Promise<void> {
    await this.kept.update(no, { at })
  }

  /** Who has this phone or card, by what was true within seven days; more than one where prints happen to be alike. */
  async find(value: string, now: number): Promise<CardRow[]> {
    const parts = (await this.kept.toArray()).filter((part) => now - part.at <= GOOD_FOR_MS)
    const key = parts[0]?.key
    if (!key) return []
    const print = await printOf(key, value)
    return parts.flatMap((part) => part.rows.filter(([, , , ...prints]) => prints.includes(print)))
  }

  close(): void {
    this.db.close()
  }
}

/** The first digits of the keyed hash of a phone or a card. */
export async function printOf(key: string, value: string): Promise<string> {
  const bytes = Uint8Array.from(key.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  const how = { name: 'HMAC', hash: 'SHA-256' }
  const made = await crypto.subtle.importKey('raw', bytes, how, false, ['sign'])
  return hex(await crypto.subtle.sign('HMAC', made, new TextEncoder().encode(value))).slice(
    0,
    PRINT_DIGITS,
  )
}

/** What stands for a phone in a document, and what goes beside it: `trade/orders/offline/document.py`, Aside. */
export async function veil(phone: string): Promise<{ join: string; salt: string }> {
  const salt = hex(crypto.getRandomValues(new Uint8Array(16)).buffer)
  const text = new TextEncoder().encode(`${salt}:${phone}`)
  return { join: hex(await crypto.subtle.digest('SHA-256', text)), salt }
}

const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
