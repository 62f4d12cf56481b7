import { ref } from 'vue'

/** Whether this window is the one that writes this device's chain; `asking` until the browser has said. */
export const place = ref<'asking' | 'here' | 'elsewhere'>('asking')

const NAME = 'tongdian-till'
const TAKES = 'td.till.takes'

/**
 * Be the one window of this device that sells, as long as it is open (Web Locks).
 *
 * Where another one is, this one waits for it to close, and then begins anew with what that one left.
 */
export async function bePlace(): Promise<void> {
  const steal = sessionStorage.getItem(TAKES) !== null
  sessionStorage.removeItem(TAKES)
  // Without https there is neither a lock nor the hash that a journal needs: such a till sells only with network.
  if (!navigator.locks) place.value = 'here'
  else if (steal) void navigator.locks.request(NAME, { steal }, hold).catch(lost)
  else void navigator.locks.request(NAME, { ifAvailable: true }, orWait).catch(lost)
}

/** Sell in this window from now on: it begins anew, the other one stops at once, and its basket is here. */
export function takeOver(): void {
  sessionStorage.setItem(TAKES, '1')
  location.reload()
}

const orWait = (lock: Lock | null) => (lock ? hold() : lost())

function hold(): Promise<never> {
  place.value = 'here'
  return new Promise(() => undefined)
}

function lost(): void {
  place.value = 'elsewhere'
  void navigator.locks.request(NAME, () => location.reload())
}
