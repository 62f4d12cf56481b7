import { checkDigit } from '@web/labels/check-digit'
import { isField } from '@web/scanner'
import { onUnmounted } from 'vue'
import { isGoodsCode, kindOf } from './kinds'

/** A reader sends its keys closer together than this; nobody types so. */
const GAP_MS = 50
/** What follows so close on another key need not be seen at once, */
const FAST_MS = 15
/** only when no more follows. */
const UNSEEN_MS = 60
/** But a busy machine may hold some of them up. */
const MOST_STUTTERS = 2
/** Enter may come so late behind the last key of a code. */
const ENTER_MS = 300
/** The shortest barcode that is printed. Fewer keys in a field may be a fast hand, and stay there. */
const SHORTEST = 8
/** The shortest that a Tab ends, which moves the focus behind less than that. */
const SHORTEST_BY_TAB = 4
/** After so much silence a code without its Enter was cut off. */
const CUT_MS = 1000
const GS = '\x1d'

interface Takers {
  sells: (code: string) => boolean
  scan: (code: string) => void
  /** A code came without its end: it is gone from the box, and somebody must hear of it. */
  cutOff: () => void
}

/**
 * Knows a reader by its speed, whatever has the focus: a code fired at an amount, a name or a PIN goes where codes go,
 * and the field is left as it was. A field that takes codes itself names their kinds in `data-takes`.
 */
export class Reader {
  /** What came without a longer silence, and before which of its keys there was a gap. */
  private text = ''
  private gaps: number[] = []
  private last = 0
  /** Those that are not in their field yet. */
  private unseen = ''
  private field: HTMLInputElement | null = null
  private showing = 0
  private before: { field: HTMLInputElement; value: string } | null = null
  private silence = 0

  constructor(private readonly to: Takers) {}

  take(event: KeyboardEvent): void {
    if (event.isComposing) return
    const key = keyOf(event)
    if (key === null) return MODIFIERS.test(event.key) ? undefined : this.show()
    if (key === 'Enter' || key === 'Tab') return this.end(event)
    const gap_ms = event.timeStamp - this.last
    const fast = this.text !== '' && gap_ms <= FAST_MS
    if (this.text === '' || gap_ms > CUT_MS) this.begin(event.target)
    else if (gap_ms > GAP_MS) this.gaps.push(this.text.length)
    this.last = event.timeStamp
    this.text += key
    this.keep(event, key, fast)
    clearTimeout(this.silence)
    this.silence = window.setTimeout(() => this.cut(), CUT_MS)
  }

  stop(): void {
    clearTimeout(this.silence)
    clearTimeout(this.showing)
  }

  /**
   * A key of a reader goes into the box with all the others at the end: typed one by one, each of them lays out and
   * paints the screen, and the line of the code before would wait for it.
   */
  private keep(event: KeyboardEvent, key: string, fast: boolean): void {
    const field = document.activeElement
    if (!isField(field)) return
    const waits = fast && isBox(field)
    if (this.field !== field || !waits) this.show()
    if (!waits && key !== GS) return
    event.preventDefault()
    event.stopImmediatePropagation()
    this.field = field
    this.unseen += key
    clearTimeout(this.showing)
    if (waits) this.showing = window.setTimeout(() => this.show(), UNSEEN_MS)
    else this.show()
  }

  /** What was read and is not in the box yet is typed there. */
  show(): void {
    clearTimeout(this.showing)
    const { field, unseen } = this
    this.unseen = ''
    if (!field || !unseen) return
    const at = field.selectionStart ?? field.value.length
    field.setRangeText(unseen, at, field.selectionEnd ?? at, 'end')
    field.dispatchEvent(new Event('input', { bubbles: true }))
  }

  private begin(target: EventTarget | null): void {
    this.text = ''
    this.gaps = []
    this.before = isField(target) ? { field: target, value: target.value } : null
  }

  /** Where the code begins: behind what a hand typed before, but not behind a stutter within it. */
  private begins(most_gaps: number): number {
    const starts = [0, ...this.gaps]
    const near = starts.filter((_, no) => starts.length - 1 - no <= most_gaps)
    const text = (at: number) => this.text.slice(at)
    return (
      near.find((at) => this.isSure(text(at))) ??
      near.findLast((at) => isGTIN(text(at))) ??
      near.find((at) => /^(receipt|phone)$/.test(kindOf(text(at), this.to) ?? '')) ??
      starts.at(-1) ??
      0
    )
  }

  /** Goods of this store, or a code that nothing else looks like. */
  private isSure(text: string): boolean {
    const kind = kindOf(text, this.to)
    return kind === 'goods' ? this.to.sells(text) : !/^(receipt|phone|tail|null)$/.test(`${kind}`)
  }

  private end(event: KeyboardEvent): void {
    clearTimeout(this.silence)
    this.show()
    const field = document.activeElement
    const inBox = isField(field) && isBox(field)
    const at = this.begins(inBox ? this.gaps.length : MOST_STUTTERS)
    const code = this.text.slice(at)
    this.text = ''
    if (event.timeStamp - this.last > ENTER_MS) return
    const byTab = event.key === 'Tab'
    if (code.length < (byTab && inBox ? SHORTEST_BY_TAB : SHORTEST)) return
    const kind = kindOf(code, this.to)
    if (!isField(field)) {
      if (!kind) return
      if (byTab) event.preventDefault()
      return this.to.scan(code)
    }
    const its = kind && field.dataset.takes?.split(' ').includes(kind)
    if (inBox || its) {
      if (inBox) this.inBox(field, code)
      else whole(field, code)
      if (byTab) submit(event, field)
      return
    }
    if (!kind) return
    event.preventDefault()
    event.stopImmediatePropagation()
    const { before } = this
    const known = at === 0 && before?.field === field
    set(field, known ? before.value : without(field.value, code))
    this.to.scan(code)
  }

  /**
   * What a hand had begun to type before is no part of the code, unless it says how many.  What is no code of any kind
   * stays as it was typed: a key that did something, like minus, was heard here and is not in the box.
   */
  private inBox(box: HTMLInputElement, code: string): void {
    if (!kindOf(code, this.to)) return
    const before = box.value.slice(0, -code.length).replace(/^\d{1,3}[*×]/, '')
    if (before) set(box, code)
    else whole(box, code)
  }

  /** The reader stopped in the middle: what lies in the box would be the beginning of the next code. */
  private cut(): void {
    const field = document.activeElement
    const code = this.text.slice(this.gaps.length > MOST_STUTTERS ? this.gaps.at(-1) : 0)
    this.text = ''
    if (code.length < 4 || !isGoodsCode(code.replaceAll(GS, '')) || !isField(field)) return
    if (!isBox(field) || !field.value.endsWith(code)) return
    set(field, '')
    this.to.cutOff()
  }
}

/** EAN-13 or UPC: of other lengths a number that a hand typed before may make one as well. */
const isGTIN = (text: string) =>
  /^\d{12,13}$/.test(text) && checkDigit(text.slice(0, -1)) === text.at(-1)

const MODIFIERS = /^(Shift|Control|Alt|Meta|CapsLock|NumLock)$/

const isBox = (field: HTMLElement) => field.dataset.testid === 'scan-input'

/** The key as a reader means it: one character, GS (which it sends as Ctrl+]), Enter or Tab; null for all others. */
function keyOf(event: KeyboardEvent): string | null {
  if (event.ctrlKey && (event.key === ']' || event.key === GS)) return GS
  if (event.ctrlKey || event.altKey || event.metaKey) return null
  if (event.key === 'Tab' && event.shiftKey) return null
  return event.key.length === 1 || /^(Enter|Tab)$/.test(event.key) ? event.key : null
}

/** Tab does what Enter does, and the focus stays. */
function submit(event: KeyboardEvent, field: HTMLInputElement): void {
  event.preventDefault()
  event.stopImmediatePropagation()
  field.form?.requestSubmit()
}

/** A field's text without the code behind it, of which it may have taken only the beginning. */
function without(value: string, code: string): string {
  for (let length = code.length; length > 0; length -= 1)
    if (value.endsWith(code.slice(0, length))) return value.slice(0, -length)
  return value
}

/** A field that got the focus in the middle of a code has only its end. */
function whole(field: HTMLInputElement, code: string): void {
  if (!field.value.endsWith(code)) set(field, code)
}

function set(field: HTMLInputElement, value: string): void {
  field.value = value
  field.dispatchEvent(new Event('input', { bubbles: true }))
}

/** Listen for a reader while the screen is there: before anybody else does, so it is called first of all. */
export function useReader(to: Takers): void {
  const reader = new Reader(to)
  const onKey = (event: KeyboardEvent) => reader.take(event)
  const onPoint = () => reader.show()
  window.addEventListener('keydown', onKey, true)
  window.addEventListener('pointerdown', onPoint, true)
  onUnmounted(() => {
    reader.stop()
    window.removeEventListener('keydown', onKey, true)
    window.removeEventListener('pointerdown', onPoint, true)
  })
}
