import { serverNow } from '@web/time'
import {
  type InjectionKey,
  inject,
  onBeforeUnmount,
  onMounted,
  provide,
  type Ref,
  readonly,
  ref,
  watch,
} from 'vue'

const now = ref(serverNow())
setInterval(() => {
  now.value = serverNow()
}, 1000)

type Moment = Readonly<Ref<number>>
const NEARER: InjectionKey<Moment> = Symbol('now')

/** The server's time, moving once a second, shared by every clock on the screen. */
export function useNow(): Moment {
  return inject(NEARER, readonly(now))
}

/** The same for an element of a long list and all within it: it stands still while nobody sees it. */
export function useNowWhileSeen(element: Ref<HTMLElement | null>): Moment {
  const mine = ref(now.value)
  let seen = false
  const observer = new IntersectionObserver((found) => {
    seen = found.at(-1)?.isIntersecting ?? false
    if (seen) mine.value = now.value
  })
  watch(now, (moment) => {
    if (seen) mine.value = moment
  })
  onMounted(() => element.value && observer.observe(element.value))
  onBeforeUnmount(() => observer.disconnect())
  provide(NEARER, mine)
  return mine
}
