/** What may be seen at once of what is typed for an invoice; the server has the last word. */

const SIGNS = '0123456789ABCDEFGHJKLMNPQRTUWXY'

/** A unified social credit code (GB 32100-2015), spaces left out: 18 signs, of which the last proves the others. */
export function isTaxNo(typed: string): boolean {
  const code = typed.replace(/\s/g, '').toUpperCase()
  if (code.length !== 18) return false
  let total = 0
  let weight = 1
  for (const sign of code.slice(0, 17)) {
    const worth = SIGNS.indexOf(sign)
    if (worth < 0) return false
    total += worth * weight
    weight = (weight * 3) % 31
  }
  return SIGNS[(31 - (total % 31)) % 31] === code[17]
}

export function isMail(typed: string): boolean {
  return /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(typed.trim())
}
