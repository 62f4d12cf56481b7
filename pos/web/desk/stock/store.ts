import { defineStore } from 'pinia'

/** Counts, transfers, deliveries and what is not for sale: what store staff do with goods beside orders. */
export const useStock = defineStore('stock', {
  state: () => ({ open: false }),
  getters: {
    may: (): boolean => false,
  },
  actions: {
    async scan(_code: string): Promise<void> {},

    show(): void {
      this.open = true
    },
    leave(): void {
      this.open = false
    },
  },
})
