import { Unreachable } from '@web/api'

/** Print a page that was made here. */
export const printPage = (page: string): Promise<void> =>
  print((frame) => Object.assign(frame, { srcdoc: page }))

/** Print a page of the server's. */
export const printAddress = (src: string): Promise<void> =>
  print((frame) => Object.assign(frame, { src }))

/** Load a page out of sight and let the browser print it. */
function print(fill: (frame: HTMLIFrameElement) => unknown): Promise<void> {
  document.querySelector('iframe.printing')?.remove()
  const frame = document.createElement('iframe')
  frame.className = 'printing'
  frame.setAttribute('aria-hidden', 'true')
  frame.style.cssText = 'position:fixed;left:-9999px;width:80mm;height:200mm;border:0'
  return new Promise((done, failed) => {
    frame.addEventListener('load', () => {
      // A refusal comes as JSON instead of a page, and without network an empty one.
      if (frame.contentDocument?.contentType !== 'text/html')
        return failed(new Unreachable('print'))
      frame.contentWindow?.print()
      done()
    })
    fill(frame)
    document.body.append(frame)
  })
}
