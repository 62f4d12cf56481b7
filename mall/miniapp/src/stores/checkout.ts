import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { Want } from '../api/contract'
import type { InGroup } from '../api/contract-group'
import type { Mode } from '../api/contract-way'
import { keep, kept } from '../lib/kept'
import { requestId } from '../lib/request-id'
import { useCart } from './cart'
import { useTracking } from './tracking'

/** What is at the checkout; kept, because signing in on H5 leaves the page and comes back. */
interface Counter {
  lines: Want[]
  fromCart: boolean
  group?: InGroup | null
  /** The order's request id: the same goods in two windows of this device are one order, not two. */
  attempt?: string
}

const goodsOf = (one: Counter | null): string => JSON.stringify([one?.lines, one?.group ?? null])

/** How it is wanted, and to which of the customer's addresses; null: the default one. */
export interface Wanted {
  mode: Mode
  address_id: number | null
}

export const useCheckout = defineStore('checkout', () => {
  const counter = ref<Counter>(kept<Counter>('checkout') ?? { lines: [], fromCart: false })

  function bring(lines: Want[], fromCart: boolean, group: InGroup | null = null): void {
    const next: Counter = group ? { lines, fromCart, group } : { lines, fromCart }
    const elsewhere = kept<Counter>('checkout')
    next.attempt = (goodsOf(elsewhere) === goodsOf(next) && elsewhere?.attempt) || requestId()
    counter.value = next
    keep('checkout', counter.value)
    if (lines.length) useTracking().tracker.note('checkout_step', { step: 'open' })
  }

  const wanted = ref<Wanted>(kept<Wanted>('way') ?? { mode: 'pickup', address_id: null })

  function want(change: Partial<Wanted>): void {
    wanted.value = { ...wanted.value, ...change }
    keep('way', wanted.value)
  }

  /** The order is placed, from this window or another: the next one with the same goods is another order. */
  function placed(): void {
    if (counter.value.fromCart) useCart().remove(counter.value.lines.map((line) => line.sku_id))
    keep('checkout', null)
    bring([], false)
  }

  return { counter, bring, placed, wanted, want }
})
