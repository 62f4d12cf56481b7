import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { CartLine, Goods } from '../lib/basket'
import { withMore, withQty } from '../lib/basket'
import { keep, kept } from '../lib/kept'
import { useTracking } from './tracking'

/** What the customer means to buy, on this device; prices and stock are the server's. */
export const useCart = defineStore('cart', () => {
  const lines = ref<CartLine[]>(kept<CartLine[]>('cart') ?? [])
  /** The member who filled it, or null: a guest's basket becomes that of whoever signs in. */
  const owner = ref(kept<number>('cart_of'))
  const chosen = computed(() => lines.value.filter((line) => line.chosen))
  const count = computed(() => lines.value.length)

  watch(lines, (now) => keep('cart', now))

  function tell(goods: Pick<Goods, 'product_id' | 'sku_id'>, qty: number): void {
    const { tracker } = useTracking()
    if (qty) tracker.note('cart_change', { product_id: goods.product_id, sku_id: goods.sku_id, qty, ...tracker.spotOf(goods.product_id) })
  }

  function add(goods: Goods, qty: number): void {
    tell(goods, qty)
    lines.value = withMore(lines.value, goods, qty)
  }

  function setQty(sku_id: number, qty: number): void {
    const line = lines.value.find((one) => one.sku_id === sku_id)
    if (line) tell(line, qty - line.qty)
    lines.value = withQty(lines.value, sku_id, qty)
  }

  function toggle(sku_id: number): void {
    lines.value = lines.value.map((line) => (line.sku_id === sku_id ? { ...line, chosen: !line.chosen } : line))
  }

  function chooseAll(chosenNow: boolean): void {
    lines.value = lines.value.map((line) => ({ ...line, chosen: chosenNow }))
  }

  function remove(sku_ids: readonly number[]): void {
    for (const line of lines.value) if (sku_ids.includes(line.sku_id)) tell(line, -line.qty)
    lines.value = lines.value.filter((line) => !sku_ids.includes(line.sku_id))
  }

  function belongTo(member_id: number): void {
    owner.value = member_id
    keep('cart_of', member_id)
  }

  function empty(): void {
    lines.value = []
    owner.value = null
    keep('cart_of', null)
  }

  return { lines, owner, belongTo, empty, chosen, count, add, setQty, toggle, chooseAll, remove }
})
