/** One box for everything a cashier scans or types, and a queue so that no scan is ever dropped. */

export type Entry =
  | { kind: 'nothing' }
  | { kind: 'scan'; code: string; times: number }
  | { kind: 'phone'; phone: string }
  | { kind: 'paper'; code: string }
  | { kind: 'topUp'; no: string }
  | { kind: 'times'; times: number }
  | { kind: 'quantity'; text: string }
  | { kind: 'search'; text: string }

const MOST_TIMES = 999

/** What the text before Enter means. Timing plays no part: a slow scan is a scan all the same. */
export function readEntry(raw: string): Entry {
  const text = raw.normalize('NFKC').trim()
  if (!text) return { kind: 'nothing' }
  const times = /^(\d{1,3})[*×](.*)$/.exec(text)
  if (times) {
    const count = Math.min(MOST_TIMES, Math.max(1, Number(times[1])))
    const rest = (times[2] ?? '').trim()
    if (!rest) return { kind: 'times', times: count }
    return isCode(rest)
      ? { kind: 'scan', code: rest, times: count }
      : { kind: 'search', text: rest }
  }
  if (/^[*×][\d.]+$/.test(text)) return { kind: 'quantity', text: text.slice(1) }
  // Eleven digits are no barcode length, so a phone number can share the box with goods.
  if (/^1[3-9]\d{9}$/.test(text)) return { kind: 'phone', phone: text }
  if (isPaperCode(text)) return { kind: 'paper', code: text.toUpperCase() }
  if (isTopUpNo(text)) return { kind: 'topUp', no: text.toUpperCase() }
  return isCode(text) ? { kind: 'scan', code: text, times: 1 } : { kind: 'search', text }
}

/** Digits only: what readers send for goods and scale labels. */
export function isCode(text: string): boolean {
  return /^\d{2,30}$/.test(text)
}

/** The payment code of WeChat: 18 digits that begin with 10 to 15.  It is never shown, kept or logged. */
export function isPaymentCode(text: string): boolean {
  return /^1[0-5]\d{16}$/.test(text)
}

/** A payment code of Alipay or UnionPay, which this till does not take. */
export function isOtherWallet(text: string): boolean {
  return /^(2[5-9]|30)\d{14,22}$/.test(text) || /^62\d{17}$/.test(text)
}

/** The dynamic code of the mini-program (member/codes.py): 20 digits that begin with 98. */
export function isMemberCode(text: string): boolean {
  return /^98\d{18}$/.test(text)
}

/** A printed member card (member/cards.py): 16 digits that begin with 96. */
export function isMemberCard(text: string): boolean {
  return /^96\d{14}$/.test(text)
}

/** A coupon code on paper (member/coupons/claim.py): 16 letters and digits, mostly in groups of four. */
export function isPaperCode(text: string): boolean {
  const plain = text.toUpperCase()
  if (/^[0-9A-TV-Z]{4}([- ][0-9A-TV-Z]{4}){3}$/.test(plain)) return true
  return /^[0-9A-TV-Z]{16}$/.test(plain) && /\d/.test(plain) && /[A-Z]/.test(plain)
}

/** The printed number of a top-up (trade/payments/top_ups.py). */
export function isTopUpNo(text: string): boolean {
  return /^U\d{12}$/i.test(text)
}

/** Handles scans one after another, in order; while paused they wait, and none is lost. */
export class ScanQueue<T> {
  private readonly waiting: T[] = []
  private busy = false
  private stopped = false

  constructor(private readonly handle: (scan: T) => Promise<void>) {}

  get length(): number {
    return this.waiting.length
  }

  push(scan: T): void {
    this.waiting.push(scan)
    void this.drain()
  }

  pause(): void {
    this.stopped = true
  }

  resume(): void {
    this.stopped = false
    void this.drain()
  }

  private async drain(): Promise<void> {
    if (this.busy) return
    this.busy = true
    try {
      while (!this.stopped) {
        const scan = this.waiting.shift()
        if (scan === undefined) break
        await this.handle(scan)
      }
    } finally {
      this.busy = false
    }
  }
}

/**
 * Collects what a reader types while no field has the focus; Enter hands the code over.
 *
 * With `words` also codes of letters, digits, dots and dashes: labels of shelves and bags, signed QR codes.
 */
export class Wedge {
  private text = ''
  private last = 0

  constructor(
    private readonly onCode: (code: string) => void,
    private readonly words = false,
  ) {}

  /** True when the key was part of a code and nobody else should see it. */
  take(event: KeyboardEvent): boolean {
    if (isField(event.target) || event.ctrlKey || event.altKey || event.metaKey) return false
    if (event.timeStamp - this.last > 1000) this.text = ''
    this.last = event.timeStamp
    if ((this.words ? /^[\w.-]$/ : /^\d$/).test(event.key)) {
      this.text += event.key
      return true
    }
    if (event.key !== 'Enter' || this.text.length < (this.words ? 2 : 4)) return false
    const code = this.text
    this.text = ''
    this.onCode(code)
    return true
  }
}

export function isField(target: EventTarget | null): target is HTMLInputElement {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement
}

/** Press a key of the on-screen keypad: it types into whatever field has the focus. */
export function pressKey(key: string): void {
  const field = document.activeElement
  if (!(field instanceof HTMLInputElement)) return
  if (key === 'Enter') {
    field.form?.requestSubmit()
    return
  }
  const start = field.selectionStart ?? field.value.length
  const end = field.selectionEnd ?? start
  if (key === 'Backspace') {
    field.setRangeText('', start === end ? Math.max(0, start - 1) : start, end, 'end')
  } else if (key === 'Clear') {
    field.value = ''
  } else {
    field.setRangeText(key, start, end, 'end')
  }
  field.dispatchEvent(new Event('input', { bubbles: true }))
}
