import { t } from '@web/i18n'
import type { IconName } from '@web/ui/icons'
import { ref } from 'vue'

/** One thing that hangs on the till, as the top bar and the sheet behind it show it. */
export interface Device {
  name: string
  icon: IconName
  label: () => string
  /** `bad` is shown in amber; what is not `good` says what to do. */
  state: () => 'good' | 'bad'
  said: () => string
  tryNow?: { label: () => string; run: () => void }
}

const focused = ref(document.hasFocus())
window.addEventListener('focus', () => {
  focused.value = true
})
window.addEventListener('blur', () => {
  focused.value = document.hasFocus()
})

/** A reader types into whatever has the focus: while another window has it, scans go there. */
const scanner: Device = {
  name: 'scanner',
  icon: 'scan',
  label: () => t('device.scanner'),
  state: () => (focused.value ? 'good' : 'bad'),
  said: () => t(focused.value ? 'device.scannerGood' : 'device.scannerBad'),
}

/** One entry a device. */
export const DEVICES: readonly Device[] = [scanner]
