import { defineStore } from 'pinia'
import { ref } from 'vue'
import { currentToken, mall } from '../api/mall'
import { keep, kept } from '../lib/kept'
import { serverNow } from '../lib/time'
import { Tracker } from '../lib/tracker'
import { usePlace } from './place'

const EVERY_MS = 15_000
const AGREED = 'track_agreed'

/** A guest's answer, and to which text. */
interface Said {
  version: string
  given: boolean
}

/** Whether what is done here is told to the shop, and to whom it is asked. */
export const useTracking = defineStore('tracking', () => {
  const tracker = new Tracker({
    send: (batch) => mall.tellEvents(batch),
    now: () => Date.now(),
    ahead: () => serverNow() - Date.now(),
    store: () => usePlace().chosen,
    version: '0.1.0',
  })
  /** Nobody answered yet: the home page asks. */
  const asks = ref(false)
  /** A guest's answer on this device; null while there is none. */
  const guest = ref<boolean | null>(null)
  let version = ''
  let timer: ReturnType<typeof setInterval> | null = null

  /** Learn who agreed to what, at the start and whenever the person or their answer changed. */
  async function learn(): Promise<void> {
    const by = currentToken()
    tracker.unknown()
    const { consent } = await mall.eventConsent()
    if (by !== currentToken()) return
    version = consent.version
    const said = kept<Said>(AGREED)
    guest.value = said?.version === version ? said.given : null
    const given = by ? consent.given : guest.value
    asks.value = given === null
    tracker.answered(given === true, version)
  }

  /** The person says yes or no: a member's answer is kept by the shop, a guest's on the phone. */
  async function answer(given: boolean): Promise<void> {
    if (currentToken()) await mall.consent([{ purpose: 'personalisation', version, given }])
    else {
      if (!given && guest.value) await mall.forgetEvents(tracker.anon())
      keep(AGREED, { version, given } satisfies Said)
    }
    if (!given) tracker.forget()
    await learn()
  }

  /** The app is in front: send every 15 s, and count how long a page is looked at. */
  function begin(scene?: string): void {
    tracker.appShown(scene)
    timer ??= setInterval(() => {
      tracker.beat()
      void tracker.flush()
    }, EVERY_MS)
    learn().catch(() => undefined)
  }

  /** The app is behind: what was done is told at once, for nobody knows whether it comes back. */
  function rest(): void {
    tracker.left()
    void tracker.flush()
    if (timer) clearInterval(timer)
    timer = null
  }

  return { tracker, asks, guest, learn, answer, begin, rest }
})

/** The route in front, without its parameters. */
function inFront(): string | undefined {
  const pages = getCurrentPages()
  return pages[pages.length - 1]?.route
}

/** Every page tells when it comes and goes; none has to do so by itself. */
export const PAGES = {
  onShow(this: { $mpType?: string }): void {
    const route = this.$mpType === 'page' ? inFront() : undefined
    if (route) useTracking().tracker.arrived(route)
  },
  onHide(this: { $mpType?: string }): void {
    if (this.$mpType === 'page') useTracking().tracker.left()
  },
  onUnload(): void {
    useTracking().tracker.left()
  },
}
