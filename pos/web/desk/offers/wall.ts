/** The shop's clock in the form that a date field takes: `2026-12-01T20:05`. */
export function wall(at: number): string {
  const plain = new Date(at).toLocaleString('sv-SE', { timeZone: 'Asia/Shanghai' })
  return plain.slice(0, 16).replace(' ', 'T')
}
