import { keep, kept } from './kept'

const GOOD_FOR_MS = 60_000

/** Where the till leaves a pickup code for the desk. */
export const HANDED_OVER = 'desk.pickup'

/** The pickup code that the till scanned a moment ago; it is given out once. */
export function takeHandedOver(): string {
  const left = kept<{ code: string; at: number }>(HANDED_OVER)
  keep(HANDED_OVER, null)
  return left && Date.now() - left.at < GOOD_FOR_MS ? left.code : ''
}
