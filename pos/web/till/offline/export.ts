import type { Kept } from './journal'

/** A journal as a file, which only the head office can read (`trade/orders/offline/export.py`). */
interface Sealed {
  v: 1
  store_id: number
  till_id: number
  iv: string
  data: string
}

const base64 = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))

/** Seal documents with the key that this till got from the server. */
export async function sealed(
  documents: readonly Kept[],
  till: { id: number; store_id: number },
  key: string,
): Promise<Sealed> {
  const raw = Uint8Array.from(key.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  const made = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt'])
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const said = JSON.stringify(documents.map(({ uuid, body, aside }) => ({ uuid, body, aside })))
  const plain = new TextEncoder().encode(said)
  const data = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, made, plain)
  const { id: till_id, store_id } = till
  return { v: 1, store_id, till_id, iv: base64(iv), data: base64(new Uint8Array(data)) }
}

/** Give the browser a file to keep. */
export function download(name: string, content: object): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(content)], { type: 'application/json' }))
  const link = document.createElement('a')
  Object.assign(link, { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
