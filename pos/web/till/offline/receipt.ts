import type { Member, Receipt, Staff, Till } from '@web/contract'
import type { SaleDocument } from './sale'

interface Known {
  till: Till | null
  staff: Staff | null
  member: Member | null
  url: string | null
  /** By their id. */
  promotions: ReadonlyMap<number, string>
}

/** The receipt of a document: what is printed before the server knows of the sale. */
export function receiptOf(
  document: SaleDocument,
  { till, staff, member, url, promotions }: Known,
): Receipt {
  const { lines, payable_fen, rounding_fen, received_fen, change_fen } = document
  const list_fen = lines.reduce((sum, line) => sum + line.list_fen, 0)
  const discount_fen = lines
    .flatMap((line) => line.shares)
    .reduce((sum, one) => sum + (one.source === 'manual' ? one.amount_fen : 0), 0)
  return {
    alone: true,
    no: document.no,
    printed_no: document.no,
    url,
    points_after: null,
    order_id: 0,
    channel: 'till',
    state: 'done',
    store_name: till?.store_name ?? '',
    till_name: till?.name ?? null,
    cashier: staff?.name ?? null,
    at: new Date(document.at_ms - document.offset_ms).toISOString(),
    lines: lines.map(({ shares: _, ...line }, at) => ({
      ...line,
      line_no: at + 1,
      picture: '',
      returned_qty: 0,
    })),
    notes: notesOf(document.ticket),
    list_fen,
    promotion_fen: list_fen - payable_fen - discount_fen,
    promotions: document.uses
      .filter((use) => use.off_fen > 0)
      .map(({ promotion_id: id, off_fen }) => ({ id, name: promotions.get(id) ?? '', off_fen }))
      .sort((one, other) => one.id - other.id),
    coupon_fen: 0,
    coupons: [],
    points_used: 0,
    points_fen: 0,
    discount_fen,
    freight_fen: 0,
    rounding_fen,
    payable_fen: payable_fen + rounding_fen,
    wallet_principal_fen: 0,
    wallet_bonus_fen: 0,
    returns: [],
    tenders: [
      {
        kind: document.tender ?? 'cash',
        amount_fen: payable_fen + rounding_fen,
        received_fen,
        change_fen,
        state: 'paid',
      },
    ],
    member: member && {
      no: member.no,
      name: member.name,
      phone: member.phone,
      points_earned: 0,
      points_used: 0,
      points: member.points,
      pending_points: 0,
    },
  }
}

function notesOf(ticket: SaleDocument['ticket']): Receipt['notes'] {
  if (!ticket) return []
  const of = (line_no: number, note = '') =>
    note ? [{ line_no, note, printed: ticket.print_notes }] : []
  return [of(0, ticket.note), ...ticket.lines.map((line) => of(line.line_no, line.note))].flat()
}
