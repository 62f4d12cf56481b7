import { ref } from 'vue'
import { keep, kept } from './kept'

export type Theme = 'light' | 'dark' | 'auto'

const KEPT = 'theme'

/** How the screens look; `auto` follows the device.  The tokens turn by `data-theme` alone. */
export const theme = ref<Theme>(kept<Theme>(KEPT) ?? 'light')

export function setTheme(next: Theme): void {
  theme.value = next
  keep(KEPT, next)
  showTheme()
}

/** Once at the start of a page that has a dark side. */
export function showTheme(): void {
  document.documentElement.dataset.theme = theme.value
}
