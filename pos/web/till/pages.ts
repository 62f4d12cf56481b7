import { registerSW } from 'virtual:pwa-register'
import { ref } from 'vue'

/** A newer version of the till is here and waits to be let in. */
export const newer = ref(false)

let update: ((reload: boolean) => Promise<void>) | null = null

/** Keep the till's pages on this device, so that it starts without network. */
export function keepPages(): void {
  update = registerSW({
    onNeedRefresh: () => {
      newer.value = true
    },
  })
}

/** Let the newer version in: the page loads anew. */
export function letIn(): void {
  void update?.(true)
}
