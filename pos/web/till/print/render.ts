import { api } from '../server'
import { countSlip } from './count'
import { escpos, KICK } from './escpos'
import { printAddress, printPage } from './frame'
import { gb18030 } from './gb18030'
import { pageOf } from './page'
import { returnSlip, saleSlip, testSlip } from './papers'
import type { Job, Paper } from './printer'
import type { Slip, Width } from './slip'

export { KICK }

/** Make the table of characters before the first receipt needs it. */
export const warm = (): void => void gb18030('店')

/** What can be made here: a sale's receipt, a return without network, a provisional count and the test page. */
function slipOf(paper: Paper, width: Width): Slip | null {
  if ('receipt' in paper) return saleSlip(paper.receipt, width)
  if ('back' in paper) return returnSlip(paper.back, width)
  if ('count' in paper) return countSlip(paper.count, width)
  if ('test' in paper) return testSlip(width, paper.test.store, paper.test.at)
  return null
}

/** A paper of the server's is counted when it comes out, once a job: the address then names the printing. */
async function counted({ id, path }: { id: string; path: string }): Promise<string> {
  const at = `/api/pos/${path}`
  return `${at}/${(await api.write<{ copy: number }>(`${at}/print`, {}, id)).copy}`
}

/** A paper for a thermal printer. */
export async function bytesOf(paper: Job, width: Width): Promise<Uint8Array> {
  const slip = slipOf(paper, width)
  if (slip) return escpos(slip)
  if ('path' in paper) return api.bytes(`${await counted(paper)}/escpos?width=${width}`)
  throw new TypeError(paper.no)
}

/** A paper by the browser's own printing. */
export async function byBrowser(paper: Job, width: Width): Promise<void> {
  const slip = slipOf(paper, width)
  if (slip) return printPage(pageOf(slip))
  if ('path' in paper) return printAddress(`${await counted(paper)}/print?width=${width}`)
  throw new TypeError(paper.no)
}
