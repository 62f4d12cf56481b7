/** What must survive a reload, under one prefix in this device's storage. */

import { requestId } from './request-id'

const PREFIX = 'td.mall.'

export function keep(name: string, value: unknown): void {
  if (value === null) uni.removeStorageSync(PREFIX + name)
  else uni.setStorageSync(PREFIX + name, JSON.stringify(value))
}

/** The kept value, or null when there is none or it cannot be read. */
export function kept<T>(name: string): T | null {
  const text: unknown = uni.getStorageSync(PREFIX + name)
  if (typeof text !== 'string' || !text) return null
  try {
    return JSON.parse(text) as T
  } catch {
    return null
  }
}

/** What is this device's own, whoever holds it.  Everything else that is kept is of the person who is signed in. */
const OF_THE_DEVICE = ['device', 'locale', 'store', 'where', 'invite', 'scene']

/** Keep nothing of a person on this device, except `these`. */
export function forgetPerson(these: readonly string[] = []): void {
  const stay = [...OF_THE_DEVICE, ...these].map((name) => PREFIX + name)
  for (const key of uni.getStorageInfoSync().keys) {
    if (key.startsWith(PREFIX) && !stay.includes(key)) uni.removeStorageSync(key)
  }
}

/** A number this device made for itself once: the shop keeps a keyed hash of it to count claims per phone. */
export function device(): string {
  const known = kept<string>('device') ?? requestId()
  keep('device', known)
  return known
}
