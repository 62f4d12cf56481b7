import type { Receipt } from '@web/contract'
import { t } from '@web/i18n'
import { pageOf } from './offline/paper'
import { useCounter } from './stores/counter'

type Width = 58 | 80

/** A sale that the server does not know yet is printed from here. */
export function printReceipt(no: string, width: Width, alone?: Receipt | null): Promise<void> {
  return alone?.alone ? printPage(pageOf(alone, width)) : print('receipts', no, width)
}
export const printTopUp = (no: string, width: Width) => print('top-ups', no, width)

/** Load the paper's own page out of sight and print it. */
function print(kind: 'receipts' | 'top-ups', no: string, width: Width): Promise<void> {
  const frame = hidden()
  const done = printed(frame, no)
  frame.src = `/api/pos/${kind}/${no}/print?width=${width}`
  document.body.append(frame)
  return done
}

/** Print a page that was made here. */
export function printPage(page: string): Promise<void> {
  const frame = hidden()
  const done = printed(frame, '')
  frame.srcdoc = page
  document.body.append(frame)
  return done
}

function hidden(): HTMLIFrameElement {
  document.querySelector('iframe.printing')?.remove()
  const frame = document.createElement('iframe')
  frame.className = 'printing'
  frame.setAttribute('aria-hidden', 'true')
  frame.style.cssText = 'position:fixed;left:-9999px;width:80mm;height:200mm;border:0'
  return frame
}

function printed(frame: HTMLIFrameElement, no: string): Promise<void> {
  return new Promise((done) => {
    frame.addEventListener('load', () => {
      // A refusal comes as JSON instead of a page.
      const type = frame.contentDocument?.contentType
      if (type === 'text/html') frame.contentWindow?.print()
      else useCounter().say('error', t('print.failed', { no }))
      done()
    })
  })
}
