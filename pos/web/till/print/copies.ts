import { Unreachable } from '@web/api'
import type { Receipt } from '@web/contract'
import { keep, kept } from '@web/kept'
import { requestId } from '@web/request-id'
import { serverNow } from '@web/time'
import { api } from '../server'

interface Owed {
  no: string
  request_id: string
}

const NUMBERS = 'till.copies'
const OWED = 'till.copiesOwed'
const MOST = 200

/** How often each receipt was printed again, as far as this till knows. */
const numbers = (): Record<string, number> => kept<Record<string, number>>(NUMBERS) ?? {}

function remember(no: string, n: number): void {
  const entries = Object.entries({ ...numbers(), [no]: n }).slice(-MOST)
  keep(NUMBERS, Object.fromEntries(entries))
}

/**
 * The receipt to be printed once more, with the number of the copy: counted by the server, and without network here,
 * where the server is told later. Without network a receipt that is not at hand cannot be printed again.
 */
export async function copyOf(no: string, atHand: Receipt | null, by: string): Promise<Receipt> {
  const request_id = requestId()
  try {
    const path = `/api/pos/receipts/${encodeURIComponent(no)}/copies`
    const { receipt } = await api.write<{ receipt: Receipt }>(path, {}, request_id)
    remember(no, receipt.copy?.n ?? 1)
    return receipt
  } catch (error) {
    if (!(error instanceof Unreachable) || !atHand) throw error
    const n = (numbers()[no] ?? 0) + 1
    remember(no, n)
    keep(OWED, [...(kept<Owed[]>(OWED) ?? []), { no, request_id }].slice(-MOST))
    return { ...atHand, copy: { n, by, at: new Date(serverNow()).toISOString() } }
  }
}

/** Tell the server of the copies that were printed without it. */
export async function tellCopies(): Promise<void> {
  for (const one of kept<Owed[]>(OWED) ?? []) {
    try {
      await api.write(`/api/pos/receipts/${one.no}/copies`, {}, one.request_id)
    } catch (error) {
      // A sale that is not booked yet: its copies are told after it.
      if (error instanceof Unreachable) return
      continue
    }
    keep(
      OWED,
      (kept<Owed[]>(OWED) ?? []).filter((left) => left.request_id !== one.request_id),
    )
  }
}
