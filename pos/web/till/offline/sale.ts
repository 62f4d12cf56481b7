import type { HeldHand, Quote, QuoteLine, Seller } from '@web/contract'
import type { CashRounding } from '@web/money'
import { roundingOf } from '@web/money'
import type { Priced, RuleBook } from '@web/pricing'
import { capped } from '../scan/tags'
import type { Line } from '../stores/basket'
import { noted, type Ticket } from '../stores/kept-basket'
import type { HandRow } from './by-hand'
import type { Link, Place } from './document'

/** A sale as it is written down (`trade/orders/offline/sale_said.py`): every fen of the receipt. */
export interface SaleDocument extends Link {
  kind: 'sale'
  catalogue: number
  rules: number
  member_id: number | null
  /** Stands for the phone of who wants to be a member; the phone itself is in no document. */
  join: string | null
  tier: string | null
  approved_by: number | null
  approved_why?: string
  by_hand?: HandRow[]
  lines: DocumentLine[]
  uses: { promotion_id: number; version: number; units: number; off_fen: number }[]
  payable_fen: number
  rounding_fen: number
  received_fen: number
  change_fen: number
  /** The customer paid the printed code, to the fen; left out where it was cash. */
  tender?: 'static_qr'
  /** What goes with it beside its prices; left out where there is nothing. */
  ticket?: TicketDocument
}

interface TicketDocument {
  held_id: string | null
  note: string
  print_notes: boolean
  lines: { line_no: number; note?: string; sellers?: Seller[] }[]
}

/** By which goods and rules it was priced, and for whom. */
export type Known = Pick<
  SaleDocument,
  'catalogue' | 'rules' | 'member_id' | 'tier' | 'join' | 'ticket'
> & { approved_by?: number | null; approved_why?: string }

/** A line of the receipt, as a quote has it. */
export interface DocumentLine
  extends Omit<QuoteLine, 'line_no' | 'offer_unit_fen' | 'picture' | 'free' | 'allocations'> {
  shares: Share[]
}

interface Share {
  source: 'promotion' | 'manual'
  source_id: number
  version: number
  amount_fen: number
}

/** A basket priced here alone: what a document needs, and what the screens show. */
export interface Alone {
  lines: DocumentLine[]
  uses: SaleDocument['uses']
  payable_fen: number
  rounding: CashRounding
  by_hand: HandRow[]
}

/** Goods that a promotion gives; null for one that is not here. */
export type GiftOf = (sku_id: number) => Line | null

/** What the engine found, as lines of a receipt; a promotion's gifts come after the goods. */
export function asAlone(
  goods: readonly Line[],
  priced: Priced,
  book: RuleBook,
  rounding: CashRounding,
  giftOf: GiftOf,
): Alone {
  const off = priced.steps.filter((step) => step.source === 'promotion')
  const lines = goods.map((line, at) => {
    const shares = off
      .filter((step) => (step.shares[at] ?? 0) > 0)
      .map((step) => shareOf(step.source_id, step.version, step.shares[at] ?? 0))
    return byLabel(line, lineOf(line, priced.units_fen[at] ?? 0, priced.list_fen[at] ?? 0, shares))
  })
  const uses = off.map((step) => ({
    promotion_id: step.source_id,
    version: step.version,
    units: Math.max(1, step.units),
    off_fen: step.off_fen,
  }))
  for (const gift of priced.gifts) {
    const line = giftOf(gift.sku_id)
    if (!line) continue
    const version = book.rules.find((rule) => rule.id === gift.rule_id)?.version ?? 1
    const worth_fen = line.price_fen * gift.qty
    const shares = [shareOf(gift.rule_id, version, worth_fen)]
    lines.push({
      ...lineOf({ ...line, qty: gift.qty }, line.price_fen, worth_fen, shares),
      gift: true,
    })
    const use = uses.find((one) => one.promotion_id === gift.rule_id)
    if (use) use.off_fen += worth_fen
    else uses.push({ promotion_id: gift.rule_id, version, units: 1, off_fen: worth_fen })
  }
  const payable_fen = lines.reduce((sum, line) => sum + line.net_fen, 0)
  return { lines, uses, payable_fen, rounding, by_hand: [] }
}

const shareOf = (source_id: number, version: number, amount_fen: number): Share => ({
  source: 'promotion',
  source_id,
  version,
  amount_fen,
})

function lineOf(line: Line, unit_fen: number, list_fen: number, shares: Share[]): DocumentLine {
  const { sku_id, name, spec, unit, weighed, qty } = line
  const off_fen = shares.reduce((sum, share) => sum + share.amount_fen, 0)
  return {
    sku_id,
    name,
    spec,
    unit,
    weighed,
    qty,
    unit_price_fen: unit_fen,
    list_fen,
    net_fen: list_fen - off_fen,
    gift: false,
    shares,
  }
}

/** What a label's price takes off what the line costs by weight and promotions, as the server takes it off by hand. */
function byLabel(line: Line, counted: DocumentLine): DocumentLine {
  const off_fen = counted.net_fen - capped(line, counted.net_fen)
  if (off_fen === 0) return counted
  const share: Share = { source: 'manual', source_id: 0, version: 0, amount_fen: off_fen }
  return { ...counted, net_fen: counted.net_fen - off_fen, shares: [...counted.shares, share] }
}

/** What was taken for it without network. */
export type AloneTender = 'cash' | 'static_qr'

/** The document of a sale; `received_fen` is the cash that was handed over, 0 where the printed code was paid. */
export function saleOf(
  alone: Alone,
  known: Known,
  place: Place,
  received_fen: number,
  tender: AloneTender = 'cash',
): SaleDocument {
  const { lines, uses, payable_fen, rounding, by_hand } = alone
  const byCode = tender === 'static_qr'
  const rounding_fen = byCode ? 0 : roundingOf(payable_fen, rounding)
  return {
    kind: 'sale',
    ...place,
    approved_by: null,
    ...known,
    ...(by_hand.length > 0 && { by_hand }),
    lines,
    uses,
    payable_fen,
    rounding_fen,
    received_fen,
    change_fen: byCode ? 0 : received_fen - payable_fen - rounding_fen,
    ...(byCode && { tender }),
  }
}

/** What was noted, who sold what, and the basket put aside that it was; undefined where there is nothing of it. */
export function ticketOf(
  lines: readonly Line[],
  { note, print_notes }: Ticket,
  held: HeldHand | null,
): TicketDocument | undefined {
  const said = lines.flatMap((line, at) => {
    const beside = noted(line)
    return Object.keys(beside).length > 0 ? [{ line_no: at + 1, ...beside }] : []
  })
  if (!note && !held && said.length === 0) return undefined
  return { held_id: held?.id ?? null, note, print_notes, lines: said }
}

/** As the screens show a quote; what only the server knows is empty. */
export function quoteOf(alone: Alone, pictures: ReadonlyMap<number, string>): Quote {
  const list_fen = alone.lines.reduce((sum, line) => sum + line.list_fen, 0)
  const byHand = alone.lines.flatMap((line) => line.shares).filter((one) => one.source === 'manual')
  const discount_fen = byHand.reduce((sum, one) => sum + one.amount_fen, 0)
  const lines: QuoteLine[] = alone.lines.map(({ shares, ...line }, at) => ({
    ...line,
    line_no: at + 1,
    offer_unit_fen: null,
    picture: pictures.get(line.sku_id) ?? '',
    free: 0,
    allocations: shares.map(({ source, source_id, amount_fen }) => ({
      source,
      source_id,
      amount_fen,
      points: 0,
    })),
  }))
  return {
    alone: true,
    lines,
    list_fen,
    promotion_fen: list_fen - alone.payable_fen - discount_fen,
    discount_fen,
    payable_fen: alone.payable_fen,
    cash_rounding: alone.rounding,
    rounding_fen: roundingOf(alone.payable_fen, alone.rounding),
    ...NOT_HERE,
  }
}

const NOT_HERE = {
  coupon_fen: 0,
  points_used: 0,
  points_fen: 0,
  needs_approval: null,
  earns_points: 0,
  max_points: 0,
  min_points: 0,
  points_step: 1,
  points_limit: 'balance' as const,
  points_limit_at: 0,
  trace: [],
  promotions: [],
  why_not: [],
  token: '',
  until_at: '',
  coupon_ids: [],
  coupons: [],
  refused_coupons: [],
  best_coupon_ids: [],
}
