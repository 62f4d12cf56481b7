import { Api } from '@web/api'

const listeners: (() => void)[] = []

/** Called when the server no longer knows who stands at the desk. */
export function whenSignedOut(listener: () => void): void {
  listeners.push(listener)
}

export const api = new Api({
  onSignedOut: () => {
    for (const listener of listeners) listener()
  },
})
