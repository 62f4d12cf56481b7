import { keep, kept } from '@web/kept'

/** How a colleague's PIN is checked without network: from its last use on this device, for three days. */
interface Proof {
  salt: string
  hash: string
  at: number
}

const GOOD_FOR_MS = 72 * 3600_000
const ROUNDS = 310_000
const NAME = 'till.pins'

const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

async function slowHash(pin: string, salt: string): Promise<string> {
  const text = new TextEncoder()
  const key = await crypto.subtle.importKey('raw', text.encode(pin), 'PBKDF2', false, [
    'deriveBits',
  ])
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt: text.encode(salt), iterations: ROUNDS }
  return hex(new Uint8Array(await crypto.subtle.deriveBits(how, key, 256)))
}

/** Remember that the server took this PIN, as a salted slow hash. */
export async function rememberPin(staff_id: number, pin: string, now = Date.now()): Promise<void> {
  const salt = hex(crypto.getRandomValues(new Uint8Array(16)))
  const proofs = kept<Record<number, Proof>>(NAME) ?? {}
  proofs[staff_id] = { salt, hash: await slowHash(pin, salt), at: now }
  keep(NAME, proofs)
}

/** Whether this PIN was good here in the last three days. */
export async function knowsPin(staff_id: number, pin: string, now = Date.now()): Promise<boolean> {
  const proof = kept<Record<number, Proof>>(NAME)?.[staff_id]
  if (!proof || now - proof.at > GOOD_FOR_MS) return false
  return (await slowHash(pin, proof.salt)) === proof.hash
}
