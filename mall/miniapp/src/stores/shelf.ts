import { defineStore } from 'pinia'
import { ref } from 'vue'

/** Which category the category tab shows; a tab takes no parameters. */
export const useShelf = defineStore('shelf', () => {
  const category = ref<number | null>(null)
  return { category }
})
