import type { HeldChange, HeldHand, HeldShown, Member } from '@web/contract'
import type { Ticket } from './kept-basket'
import type { Line } from './line'
import { useSession } from './session'

/** A basket put aside that the server does not have yet: written down here before anything else. */
export interface Aside extends HeldHand {
  lines: Line[]
  member: Member | null
  discount_fen: number
  barred: number[]
  ticket: Ticket
  /** What the customer was shown of each line, and what all came to. */
  shown?: { name: string; net_fen: number }[]
  payable_fen: number
  held_at: string
  /** Why the server will not have it: it was taken over or sold elsewhere meanwhile. */
  refused?: string
}

/** A line as it comes back: what another store hands over names it. */
export type TakenLine = Line & { at_store_id?: number; at_store_name?: string }

/** Lines that cost otherwise now than the customer was shown when the basket was put aside. */
export function changesOf({ lines, shown }: Aside, amountOf: (line: Line) => number): HeldChange[] {
  return (shown ?? []).flatMap(({ name, net_fen }, at) => {
    const line = lines[at]
    const after_fen = line ? amountOf(line) : net_fen
    return after_fen === net_fen ? [] : [{ line: at, name, before_fen: net_fen, after_fen }]
  })
}

export function asLine({ at_store_id, at_store_name, ...line }: TakenLine, at: number): Line {
  if (at_store_id === undefined) return line.tag ? { ...line, key: -1 - at } : line
  const away = { store_id: at_store_id, store_name: at_store_name ?? '' }
  return { ...line, key: -1 - at, away }
}

export function asForm({
  id,
  version,
  lines,
  member,
  discount_fen,
  barred,
  ticket,
  shown,
  payable_fen,
}: Aside) {
  const goods = lines.map(({ sku_id, qty, hand, tag, note, sellers, away }) => ({
    sku_id,
    qty,
    ...(hand && { hand }),
    ...(tag?.fen && { label: tag.code }),
    ...(away && { at_store_id: away.store_id }),
    ...(note && { note }),
    ...(sellers && { sellers }),
  }))
  const tags = Object.fromEntries(lines.flatMap(({ tag }, at) => (tag ? [[at, tag]] : [])))
  const whole = { lines: goods, tags, member_id: member?.id ?? null, discount_fen, barred }
  const { note, print_notes } = ticket
  const seen = shown && { shown, shown_fen: payable_fen }
  return { id, version, ...whole, ...seen, note, print_notes }
}

export function asShown(aside: Aside): HeldShown {
  const { id, version, lines, member, ticket, payable_fen, held_at, refused } = aside
  const session = useSession()
  return {
    id,
    version,
    state: 'held',
    note: refused ?? ticket.note,
    names: lines.slice(0, 3).map((line) => line.name),
    kinds: lines.length,
    payable_fen,
    member_name: member?.name ?? null,
    till_name: session.till?.name ?? '',
    staff_name: session.staff?.name ?? '',
    at_till_name: null,
    lease_until: null,
    held_at,
  }
}
