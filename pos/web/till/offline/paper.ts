import type { Receipt } from '@web/contract'
import { t } from '@web/i18n'
import { quantity, yuan } from '@web/money'
import { clock, dateOf } from '@web/time'

/** Half-width columns of a text: a Chinese character takes two. */
const columns = (text: string): number =>
  [...text].reduce(
    (sum, mark) =>
      sum +
      (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
        mark,
      )
        ? 2
        : 1),
    0,
  )

function pair(left: string, right: string, width: number): string[] {
  const space = width - columns(left) - columns(right)
  if (space >= 1) return [left + ' '.repeat(space) + right]
  return [left, ' '.repeat(Math.max(0, width - columns(right))) + right]
}

/** A receipt as lines of paper, as pos/printing.py has them: for what was sold before the server knows. */
export function linesOf(receipt: Receipt, width: number): string[] {
  const rule = '-'.repeat(width)
  const [cash] = receipt.tenders
  return [
    `${t('receipt.no')} ${receipt.no}`,
    `${dateOf(receipt.at)} ${clock(receipt.at)}`,
    ...pair(receipt.till_name ?? '', receipt.cashier ?? '', width),
    rule,
    ...receipt.lines.flatMap((line) => [
      `${line.gift ? `${t('basket.gift')} ` : ''}${line.name} ${line.spec}`,
      ...pair(
        `  ${quantity(line.qty, line.weighed)}${line.weighed ? 'kg' : ''} x ${yuan(line.unit_price_fen)}`,
        yuan(line.list_fen),
        width,
      ),
    ]),
    rule,
    ...pair(t('totals.list'), yuan(receipt.list_fen), width),
    ...(receipt.promotion_fen ? pair(t('receipt.saved'), yuan(-receipt.promotion_fen), width) : []),
    ...(receipt.rounding_fen ? pair(t('source.rounding'), yuan(receipt.rounding_fen), width) : []),
    ...pair(t('receipt.payable'), `￥${yuan(receipt.payable_fen)}`, width),
    ...pair(t('receipt.received'), yuan(cash?.received_fen ?? 0), width),
    ...pair(t('receipt.change'), yuan(cash?.change_fen ?? 0), width),
    rule,
    t('receipt.alone'),
  ]
}

/** The page of that paper. */
export function pageOf(receipt: Receipt, mm: 58 | 80): string {
  const width = mm === 58 ? 32 : 48
  const text = linesOf(receipt, width).join('\n')
  const plain = (words: string) =>
    words.replace(/[&<>]/g, (mark) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[mark] ?? mark)
  return `<!doctype html><meta charset="utf-8"><style>@page{size:${mm}mm auto;margin:2mm}
body{margin:0;font:11px/1.45 monospace}h1{font-size:16px;text-align:center;margin:0 0 6px}</style>
<h1>${plain(receipt.store_name)}</h1><pre>${plain(text)}</pre>`
}
