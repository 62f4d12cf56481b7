/** What must survive a reload or a power cut, under one prefix in this browser's storage. */

const PREFIX = 'td.'

export function keep(name: string, value: unknown): void {
  if (value === null) localStorage.removeItem(PREFIX + name)
  else localStorage.setItem(PREFIX + name, JSON.stringify(value))
}

/** The kept value, or null when there is none or it cannot be read. */
export function kept<T>(name: string): T | null {
  const text = localStorage.getItem(PREFIX + name)
  if (text === null) return null
  try {
    return JSON.parse(text) as T
  } catch {
    return null
  }
}
