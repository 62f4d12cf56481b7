/** What every screen of staff shares of readers: a queue so that no scan is dropped, and keys without a field. */

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
 * Collects what a reader types while no field has the focus; Enter or Tab hands the code over.
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
    if (!/^(Enter|Tab)$/.test(event.key) || this.text.length < (this.words ? 2 : 4)) return false
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
