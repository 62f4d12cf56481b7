import { api } from '../server'
import { countSlip } from './count'
import { escpos, KICK } from './escpos'
import { printAddress, printPage } from './frame'
import { gb18030 } from './gb18030'
import { pageOf } from './page'
import { saleSlip, testSlip } from './papers'
import type { Paper } from './printer'
import type { Slip, Width } from './slip'

export { KICK }

/** Make the table of characters before the first receipt needs it. */
export const warm = (): void => void gb18030('店')

/** What can be made here: a sale's receipt, a provisional count and the test page. */
function slipOf(paper: Paper, width: Width): Slip | null {
  if ('receipt' in paper) return saleSlip(paper.receipt, width)
  if ('count' in paper) return countSlip(paper.count, width)
  if ('test' in paper) return testSlip(width, paper.test.store, paper.test.at)
  return null
}

/** A paper for a thermal printer. */
export async function bytesOf(paper: Paper, width: Width): Promise<Uint8Array> {
  const slip = slipOf(paper, width)
  if (slip) return escpos(slip)
  if ('path' in paper) return api.bytes(`/api/pos/${paper.path}/escpos?width=${width}`)
  throw new TypeError(paper.no)
}

/** A paper by the browser's own printing. */
export function byBrowser(paper: Paper, width: Width): Promise<void> {
  const slip = slipOf(paper, width)
  if (slip) return printPage(pageOf(slip))
  if ('path' in paper) return printAddress(`/api/pos/${paper.path}/print?width=${width}`)
  throw new TypeError(paper.no)
}
