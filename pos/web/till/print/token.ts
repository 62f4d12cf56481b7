import { keep, kept } from '@web/kept'

const BASE = 'till.receiptUrl'

/** Where this store's receipts are looked at, as the server says it. */
export const learnReceiptUrl = (url: string): void => keep(BASE, url)

/**
 * Where the QR code of a sale's receipt leads, made of the id it is sold under: the server makes the same
 * (`trade/orders/receipts/book.py`). Null on a till that never spoke to the server.
 */
export async function receiptUrl(uuid: string): Promise<string | null> {
  const base = kept<string>(BASE)
  if (!base) return null
  const text = new TextEncoder().encode(`receipt ${uuid.toLowerCase()}`)
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', text)).slice(0, 15)
  const token = btoa(String.fromCharCode(...hash))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
  return base + token
}
