import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { Want } from '../api/contract'
import { keep, kept } from '../lib/kept'

/** What is at the checkout; kept, because signing in on H5 leaves the page and comes back. */
interface Counter {
  lines: Want[]
  fromCart: boolean
}

export const useCheckout = defineStore('checkout', () => {
  const counter = ref<Counter>(kept<Counter>('checkout') ?? { lines: [], fromCart: false })

  function bring(lines: Want[], fromCart: boolean): void {
    counter.value = { lines, fromCart }
    keep('checkout', counter.value)
  }

  return { counter, bring }
})
