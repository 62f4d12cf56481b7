import type { Away, Exchanged, Receipt, ReceiptLine, ReturnPaper } from '@web/contract'
import { yuan } from '@web/money'
import { Slip, say, type Width } from './slip'

const AT = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Asia/Shanghai',
  dateStyle: 'short',
  timeStyle: 'medium',
})
export const moment = (at: string): string => AT.format(new Date(at))

const amount = (line: Pick<ReceiptLine, 'weighed' | 'qty'>): string =>
  line.weighed ? `${(line.qty / 1000).toFixed(3)}kg` : String(line.qty)

/** The receipt of a sale, piece by piece as `pos/printing/papers.py` has it. */
export function saleSlip(receipt: Receipt, width: Width): Slip {
  const slip = new Slip(width)
  slip.line(receipt.store_name, 'title')
  if (receipt.copy) slip.line(say('copy', { n: receipt.copy.n }), 'centre')
  slip.line(say('no', { no: receipt.printed_no }))
  slip.line(moment(receipt.at))
  if (receipt.till_name)
    slip.pair(receipt.till_name, say('cashier', { name: receipt.cashier ?? '' }))
  slip.rule()
  for (const line of receipt.lines) {
    slip.line(`${line.gift ? say('gift') : ''}${line.name} ${line.spec}`.trimEnd())
    slip.pair(`  ${amount(line)} x ${yuan(line.unit_price_fen)}`, yuan(line.list_fen))
    noted(slip, receipt, line.line_no)
  }
  slip.rule()
  noted(slip, receipt, 0)
  sums(slip, receipt)
  if (receipt.exchange) brought(slip, receipt.exchange)
  member(slip, receipt)
  for (const away of receipt.elsewhere ?? []) elsewhere(slip, receipt, away)
  foot(slip, receipt)
  return slip
}

function noted(slip: Slip, { notes }: Receipt, line_no: number): void {
  for (const one of notes ?? [])
    if (one.line_no === line_no && one.printed) slip.line(say('note', { note: one.note }))
}

function sums(slip: Slip, receipt: Receipt): void {
  const { promotion_fen, coupon_fen, points_fen, discount_fen } = receipt
  slip.pair(say('list'), yuan(receipt.list_fen))
  for (const one of [...receipt.promotions, ...receipt.coupons])
    slip.pair(one.name, yuan(-one.off_fen))
  if (receipt.points_used)
    slip.pair(say('points_used', { points: receipt.points_used }), yuan(-points_fen))
  if (discount_fen) slip.pair(say('discount'), yuan(-discount_fen))
  if (receipt.freight_fen) slip.pair(say('freight'), yuan(receipt.freight_fen))
  if (receipt.rounding_fen) slip.pair(say('rounding'), yuan(receipt.rounding_fen))
  slip.pair(say('payable'), `￥${yuan(receipt.payable_fen)}`)
  const saved_fen = promotion_fen + coupon_fen + points_fen + discount_fen
  if (saved_fen) slip.pair(say('saved'), yuan(saved_fen))
  for (const tender of receipt.tenders) {
    slip.pair(say(`tender.${tender.kind}`), yuan(tender.received_fen || tender.amount_fen))
    if (tender.change_fen) slip.pair(say('change'), yuan(tender.change_fen))
  }
}

/** What was brought back in exchange, and how the rest of its money went back. */
function brought(slip: Slip, exchange: Exchanged): void {
  slip.rule()
  slip.pair(say('exchanged', { no: exchange.no }), yuan(-exchange.refund_fen))
  for (const line of exchange.lines)
    slip.pair(`  ${line.name} x ${amount(line)}`, yuan(-line.refund_fen))
  for (const back of exchange.back) slip.pair(say(`back.${back.kind}`), yuan(-back.amount_fen))
}

/** What another store hands over: how, where, from when on, with which code. */
function elsewhere(slip: Slip, receipt: Receipt, away: Away): void {
  slip.rule()
  slip.line(`${say(`elsewhere.${away.mode}`)} ${away.store_name}`.trimEnd())
  if (away.mode === 'pickup' && away.store_address) slip.line(away.store_address)
  if (away.promise_at)
    slip.line(say('elsewhere.from', { at: moment(away.promise_at).slice(5, 16) }))
  for (const { line_no, qty } of away.lines) {
    const line = receipt.lines.find((one) => one.line_no === line_no)
    slip.pair(`${line?.name} ${line?.spec}`.trimEnd(), `x ${qty}`)
  }
  const code = away.pickup_code
  if (code)
    slip.line(say('elsewhere.code', { code: `${code.slice(0, 4)} ${code.slice(4)}` }), 'title')
}

function member(slip: Slip, receipt: Receipt): void {
  const who = receipt.member
  if (!who) return
  slip.rule()
  slip.pair(say('member'), `${who.name} ${who.phone || who.no}`)
  if (receipt.alone) return slip.line(say('points_later'))
  slip.pair(say('earned'), String(who.points_earned))
  if (receipt.points_after !== null) slip.pair(say('points'), String(receipt.points_after))
}

function foot(slip: Slip, receipt: Receipt): void {
  slip.bars(receipt.printed_no)
  if (receipt.url) {
    slip.square(receipt.url)
    slip.line(say('scan'), 'centre')
  }
  slip.line(say('thanks'), 'centre')
  const { copy } = receipt
  if (!copy) return
  slip.rule()
  slip.pair(say('copy', { n: copy.n }), copy.by)
  slip.line(moment(copy.at))
  for (const back of receipt.returns)
    slip.pair(say('returned', { no: back.no }), yuan(-back.refund_fen))
}

/** The paper of a return, piece by piece as `pos/printing/papers.py` has it. */
export function returnSlip(paper: ReturnPaper, width: Width): Slip {
  const slip = new Slip(width)
  slip.line(paper.store_name, 'title')
  if (paper.copy) slip.line(say('copy', { n: paper.copy }), 'centre')
  slip.line(say('return'), 'centre')
  slip.line(say('no', { no: paper.no }))
  slip.line(say('return_of', { no: paper.order_no }))
  slip.line(moment(paper.at))
  if (paper.till_name) slip.pair(paper.till_name, say('cashier', { name: paper.cashier ?? '' }))
  slip.rule()
  for (const line of paper.lines) {
    slip.line(`${line.name} ${line.spec}`.trimEnd())
    slip.pair(`  ${amount(line)}`, yuan(-line.refund_fen))
  }
  slip.rule()
  if (paper.freight_fen) slip.pair(say('freight'), yuan(-paper.freight_fen))
  if (paper.kept_fen) slip.pair(say('kept'), yuan(paper.kept_fen))
  if (paper.rounding_fen) slip.pair(say('rounding'), yuan(-paper.rounding_fen))
  slip.pair(say('refund'), `￥${yuan(paper.refund_fen)}`)
  for (const { kind, amount_fen } of paper.refunds)
    slip.pair(say(`tender.${kind}`), yuan(-amount_fen))
  const who = paper.member
  if (who) {
    slip.rule()
    slip.pair(say('member'), `${who.name} ${who.phone || who.no}`)
    if (paper.points_back) slip.pair(say('points_back'), `+${paper.points_back}`)
    if (paper.points_clawed) slip.pair(say('points_clawed'), `-${paper.points_clawed}`)
  }
  slip.rule()
  slip.line(say('signed'))
  slip.bars(paper.order_no)
  return slip
}

/** Shows that a printer has the width, the characters, the codes and the knife that it is taken to have. */
export function testSlip(width: Width, store: string, at: string): Slip {
  const slip = new Slip(width)
  slip.line(store, 'title')
  slip.line(say('test', { width }), 'centre')
  slip.line(moment(at))
  slip.rule()
  slip.line('0123456789'.repeat(width === 58 ? 3 : 4))
  slip.pair('鲜牛奶 苹果 镕喆昶堃', '￥123.45')
  slip.rule()
  slip.bars('001000000012')
  slip.square(location.origin)
  slip.line(say('thanks'), 'centre')
  return slip
}
