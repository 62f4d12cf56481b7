import { type ComputedRef, computed } from 'vue'

/**
 * A computed value that stays the same object for as long as it says the same.
 *
 * Each answer of the server is a new object; what is drawn from a part that did not change is not drawn again.
 */
export function steady<T>(value: () => T): ComputedRef<T> {
  return computed<T>((before) => {
    const now = value()
    return JSON.stringify(before) === JSON.stringify(now) ? (before as T) : now
  })
}
