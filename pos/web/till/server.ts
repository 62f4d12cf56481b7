import { Api } from '@web/api'
import { kept } from '@web/kept'
import { ref } from 'vue'

/** Whether the last call was answered; the pill in the top bar. */
export const answered = ref(true)

const listeners: (() => void)[] = []

/** Called when the server no longer knows who stands at the till. */
export function whenSignedOut(listener: () => void): void {
  listeners.push(listener)
}

export const api = new Api({
  headers: (): Record<string, string> => {
    const token = kept<string>('till.token')
    return token ? { 'X-Till-Token': token } : {}
  },
  onContact: (ok) => {
    answered.value = ok
  },
  onSignedOut: () => {
    for (const listener of listeners) listener()
  },
})
