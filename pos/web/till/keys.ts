import { isField } from '@web/scanner'
import { onBeforeUnmount, onMounted } from 'vue'

export type Actions = Record<string, () => void>

/** "F2", "Ctrl+P", "Esc": as written on the key caps. */
function nameOf(event: KeyboardEvent): string {
  const key =
    event.key === 'Escape' ? 'Esc' : event.key.length === 1 ? event.key.toUpperCase() : event.key
  return event.ctrlKey || event.metaKey ? `Ctrl+${key}` : key
}

/** Function keys for the whole screen; the browser's own meaning of them is switched off. */
export function useKeys(actions: Actions): void {
  const onKey = (event: KeyboardEvent) => {
    // A key held down says Enter again and again, and would pay what nobody looked at.
    if (event.repeat && event.key === 'Enter') return event.preventDefault()
    const action = actions[nameOf(event)]
    if (!action) return typeAnywhere(event)
    event.preventDefault()
    action()
  }
  onMounted(() => window.addEventListener('keydown', onKey, true))
  onBeforeUnmount(() => window.removeEventListener('keydown', onKey, true))
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
