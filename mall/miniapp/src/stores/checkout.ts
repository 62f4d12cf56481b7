import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { Want } from '../api/contract'
import type { InGroup } from '../api/contract-group'
import type { Mode } from '../api/contract-way'
import { keep, kept } from '../lib/kept'
import { useTracking } from './tracking'

/** What is at the checkout; kept, because signing in on H5 leaves the page and comes back. */
interface Counter {
  lines: Want[]
  fromCart: boolean
  group?: InGroup | null
}

/** How it is wanted, and to which of the customer's addresses; null: the default one. */
export interface Wanted {
  mode: Mode
  address_id: number | null
}

export const useCheckout = defineStore('checkout', () => {
  const counter = ref<Counter>(kept<Counter>('checkout') ?? { lines: [], fromCart: false })

  function bring(lines: Want[], fromCart: boolean, group: InGroup | null = null): void {
    counter.value = group ? { lines, fromCart, group } : { lines, fromCart }
    keep('checkout', counter.value)
    if (lines.length) useTracking().tracker.note('checkout_step', { step: 'open' })
  }

  const wanted = ref<Wanted>(kept<Wanted>('way') ?? { mode: 'pickup', address_id: null })

  function want(change: Partial<Wanted>): void {
    wanted.value = { ...wanted.value, ...change }
    keep('way', wanted.value)
  }

  return { counter, bring, wanted, want }
})
