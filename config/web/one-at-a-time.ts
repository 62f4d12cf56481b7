import { Refused, sentence } from './api'
import { play } from './sounds'

/** What a store shows of its work; `unsure` where nobody knows whether it was done. */
interface Working {
  busy: boolean
  said: string
  unsure?: boolean
}

/**
 * Do a store's work, unless it is at some already: busy meanwhile, and what went wrong in words.
 *
 * `failed` does what else a failure means, and may say it otherwise.
 */
export async function oneAtATime(
  store: Working,
  work: () => Promise<void>,
  failed: (error: unknown) => void = () => undefined,
): Promise<void> {
  if (store.busy) return
  store.busy = true
  store.said = ''
  if ('unsure' in store) store.unsure = false
  try {
    await work()
  } catch (error) {
    play('blocked')
    store.said = sentence(error)
    if ('unsure' in store) store.unsure = !(error instanceof Refused)
    failed(error)
  } finally {
    store.busy = false
  }
}
