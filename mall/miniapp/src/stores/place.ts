import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Store } from '../api/contract'
import { mall } from '../api/mall'
import { rememberInvite } from '../lib/invite'
import { keep, kept } from '../lib/kept'
import { rememberScene, tellScene } from '../lib/scene'
import { platform } from '../platform'

/** Which store the customer shops in, and where the customer is. */
export const usePlace = defineStore('place', () => {
  const stores = ref<Store[]>([])
  const chosen = ref<number | null>(kept<number>('store'))
  const where = ref<{ lat: string; lng: string } | null>(kept('where'))
  /** The product that a scanned code is for, until its page has taken it. */
  const scannedProduct = ref<number | null>(null)
  let arriving: Promise<void> | null = null
  const store = computed(() => stores.value.find((one) => one.id === chosen.value) ?? null)

  /** The stores, nearest first when the place is known; the first one is chosen when none is yet. */
  async function load(): Promise<void> {
    stores.value = (await mall.stores(where.value)).stores
    if (!store.value && stores.value[0]) choose(stores.value[0].id)
  }

  async function ready(): Promise<number | null> {
    await arriving
    if (!stores.value.length) await load()
    return chosen.value
  }

  function choose(id: number): void {
    chosen.value = id
    keep('store', id)
  }

  /** A person came by a scanned code: its store is theirs now.  A code of nobody's changes nothing. */
  function arrive(code: string): Promise<void> {
    arriving = look(code).catch(() => undefined)
    return arriving
  }

  async function look(code: string): Promise<void> {
    const { scene } = await mall.scene(code)
    rememberInvite(scene.invite)
    scannedProduct.value = scene.product_id
    if (scene.store_id === null) return
    choose(scene.store_id)
    rememberScene(code)
    void tellScene()
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

  return { stores, chosen, store, where, scannedProduct, arrive, load, ready, choose, locate }
})
