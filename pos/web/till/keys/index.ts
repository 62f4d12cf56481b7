import { isField } from '@web/scanner'
import { onBeforeUnmount, onMounted } from 'vue'
import { type ActionName, nameAt } from './presets'

/** By the name of an action, wherever its key is, or by the key itself; the innermost listener that knows it has it. */
export type Does = Partial<
  Record<ActionName | 'Enter' | 'Tab' | 'Delete' | 'F6' | '1' | '2' | '3' | '4', () => void>
>

const listening: Does[] = []

/** "F2", "Shift+F6", "Ctrl+P", "Esc", "+": as written on the key caps. */
export function capOfEvent(event: KeyboardEvent): string {
  const { key } = event
  const named = key.length > 1
  const cap = key === 'Escape' ? 'Esc' : named ? key : key.toUpperCase()
  const shift = event.shiftKey && named ? 'Shift+' : ''
  return `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${shift}${cap}`
}

/** Keys that also write or move the cursor have their own meaning only while nothing is being typed. */
function isTyping(event: KeyboardEvent, cap: string): boolean {
  if (/^((Ctrl|Shift)\+)*F\d+$|^Ctrl\+|^Esc$/.test(cap)) return false
  const { target } = event
  if (!isField(target)) return false
  if (target.dataset.testid !== 'scan-input') return true
  // A number in the box is no amount: plus still goes on to paying.
  return cap === '+' ? !/^\d*$/.test(target.value) : target.value !== ''
}

function doerOf(event: KeyboardEvent): (() => void) | undefined {
  const cap = capOfEvent(event)
  const name = nameAt(cap)
  for (const does of listening.toReversed()) {
    const own = does[cap as keyof Does]
    if (own) return own
    const doer = name && does[name]
    if (doer && !isTyping(event, cap)) return doer
  }
}

let waiting: ((cap: string) => void) | null = null

/** The next key is not done but told; a modifier alone is no key yet. */
export function nextKey(tell: ((cap: string) => void) | null): void {
  waiting = tell
}

function tellKey(event: KeyboardEvent): void {
  event.preventDefault()
  event.stopPropagation()
  if (/^(Control|Shift|Alt|Meta|Process)$/.test(event.key)) return
  waiting?.(capOfEvent(event))
}

function onKey(event: KeyboardEvent): void {
  if (waiting) return tellKey(event)
  if (event.isComposing) return
  // A key held down says Enter again and again, and would pay what nobody looked at.
  if (event.repeat && event.key === 'Enter') return event.preventDefault()
  const doer = doerOf(event)
  // A till neither reloads nor leaves the full screen by a slip of the finger.
  if (doer || /^(Shift\+)?F\d+$/.test(capOfEvent(event))) event.preventDefault()
  if (doer) doer()
  else typeAnywhere(event)
}

/** Keys for as long as a screen or panel is there; the browser's own meaning of them is switched off. */
export function useKeys(does: Does): void {
  onMounted(() => {
    if (listening.length === 0) window.addEventListener('keydown', onKey, true)
    listening.push(does)
  })
  onBeforeUnmount(() => {
    listening.splice(listening.indexOf(does), 1)
    if (listening.length === 0) window.removeEventListener('keydown', onKey, true)
  })
}

/** A reader or a hand types while a button has the focus: the text belongs in the box. */
function typeAnywhere(event: KeyboardEvent): void {
  const plain = event.key.length === 1 && event.key !== ' '
  if (!plain || event.ctrlKey || event.altKey || event.metaKey || isField(event.target)) return
  focusBox()
}

/** Focus the field that matters now: `data-focus` holds its rank, the highest shown one wins. */
export function focusBox(): void {
  const fields = [...document.querySelectorAll<HTMLInputElement>('[data-focus]:not(:disabled)')]
  const rank = (field: HTMLElement) => Number(field.dataset.focus)
  fields.sort((one, other) => rank(other) - rank(one))[0]?.focus()
}

/** Give the focus back to the box after every tap that did not choose a field itself. */
export function useFocusKeeper(): void {
  const onTap = () => setTimeout(() => isField(document.activeElement) || focusBox())
  const onBlur = () =>
    setTimeout(() => {
      if (document.activeElement === document.body) focusBox()
    })
  onMounted(() => {
    window.addEventListener('click', onTap)
    window.addEventListener('focusout', onBlur)
    focusBox()
  })
  onBeforeUnmount(() => {
    window.removeEventListener('click', onTap)
    window.removeEventListener('focusout', onBlur)
  })
}
