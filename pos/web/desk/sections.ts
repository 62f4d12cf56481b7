import type { DeskOrder, ParcelState } from '@web/contract'

/** The columns of the rail that hold parcels; returns and the order centre are views of their own. */
export const SECTIONS = ['new', 'picking', 'ready', 'send'] as const
export type Section = (typeof SECTIONS)[number]

const WAITING = new Set<string>(['ready', 'no_show'])
const SENDING = new Set<string>(['packed', 'courier_called', 'handed', 'returning'])

/** Where a parcel stands on the rail: what is fetched waits in `ready`, what is brought in `send`. */
export function sectionOf(order: Pick<DeskOrder, 'stage' | 'state'>): Section | null {
  if (order.stage === 'new') return 'new'
  if (order.stage === 'picking') return 'picking'
  if (WAITING.has(order.state)) return 'ready'
  return SENDING.has(order.state) ? 'send' : null
}

export type Next =
  | 'accept'
  | 'pick'
  | 'ready'
  | 'pack'
  | 'hand_over'
  | 'courier'
  | 'arrive'
  | 'take_in'
  | 'put_back'
  | 'none'

const AFTER: Partial<Record<ParcelState, Next>> = {
  ready: 'hand_over',
  packed: 'courier',
  courier_called: 'courier',
  handed: 'arrive',
  returning: 'take_in',
  no_show: 'put_back',
}

/** The next legal step of a parcel: the one button of its card. */
export function nextStep(order: Pick<DeskOrder, 'stage' | 'state' | 'mode' | 'lines'>): Next {
  if (order.stage === 'new') return 'accept'
  if (order.stage === 'picking') {
    if (order.lines.some((line) => line.picked_qty + line.short_qty < line.qty)) return 'pick'
    return order.mode === 'pickup' ? 'ready' : 'pack'
  }
  return AFTER[order.state] ?? 'none'
}

/** What must be kept cold, the coldest first. */
export function cold(order: Pick<DeskOrder, 'lines'>): ('frozen' | 'chilled')[] {
  const found = new Set(order.lines.map((line) => line.temperature))
  return (['frozen', 'chilled'] as const).filter((one) => found.has(one))
}

const DAY_MS = 86_400_000

/** Days since the least recently counted of its goods was counted; null where one never was. */
export function countedDays(order: Pick<DeskOrder, 'lines'>, now: number): number | null {
  const at = order.lines.map((line) => line.counted_at)
  if (at.length === 0 || at.includes(null)) return null
  return Math.floor((now - Math.min(...at.map((one) => Date.parse(one as string)))) / DAY_MS)
}
