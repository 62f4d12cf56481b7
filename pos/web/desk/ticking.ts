import { serverNow } from '@web/time'
import { type Ref, readonly, ref } from 'vue'

const now = ref(serverNow())
setInterval(() => {
  now.value = serverNow()
}, 1000)

/** The server's time, moving once a second, shared by every clock on the screen. */
export function useNow(): Readonly<Ref<number>> {
  return readonly(now)
}
