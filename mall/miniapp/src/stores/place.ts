import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Store } from '../api/contract'
import { mall } from '../api/mall'
import { keep, kept } from '../lib/kept'
import { platform } from '../platform'

/** Which store the customer shops in, and where the customer is. */
export const usePlace = defineStore('place', () => {
  const stores = ref<Store[]>([])
  const chosen = ref<number | null>(kept<number>('store'))
  const where = ref<{ lat: string; lng: string } | null>(kept('where'))
  const store = computed(() => stores.value.find((one) => one.id === chosen.value) ?? null)

  /** The stores, nearest first when the place is known; the first one is chosen when none is yet. */
  async function load(): Promise<void> {
    stores.value = (await mall.stores(where.value)).stores
    if (!store.value && stores.value[0]) choose(stores.value[0].id)
  }

  async function ready(): Promise<number | null> {
    if (!stores.value.length) await load()
    return chosen.value
  }

  function choose(id: number): void {
    chosen.value = id
    keep('store', id)
  }

  /** False when the person does not tell. */
  async function locate(): Promise<boolean> {
    const found = await platform.whereAmI()
    if (!found) return false
    where.value = found
    keep('where', found)
    await load()
    return true
  }

  return { stores, chosen, store, where, load, ready, choose, locate }
})
