import { t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { serverNow } from '@web/time'

/** How a colleague's PIN is checked without network: from its last use on this device, for three days. */
interface Proof {
  salt: string
  hash: string
  at: number
  /** Wrong ones since the last good one, and until when none is looked at. */
  wrong?: number
  locked_until?: number
}

const GOOD_FOR_MS = 72 * 3600_000
const TRIES = 5
const LOCK_MS = 5 * 60_000
const ROUNDS = 310_000
const NAME = 'till.pins'
/** The latest moment that a PIN was looked at: a clock that was turned back before it lets nobody in. */
const SEEN = 'till.pinsSeen'
const BACK_MS = 5 * 60_000

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

/** Remember that the server took this PIN, as a salted slow hash; `now` is the server's, by what was measured of it. */
export async function rememberPin(staff_id: number, pin: string, now = serverNow()): Promise<void> {
  keep(SEEN, now)
  const salt = hex(crypto.getRandomValues(new Uint8Array(16)))
  put(staff_id, { salt, hash: await slowHash(pin, salt), at: now })
}

/**
 * Why this PIN does not count here, in words; empty where it was good here in the last three days.
 *
 * Five wrong ones lock it for five minutes, through reloads as well.
 */
export async function refusesPin(
  staff_id: number,
  pin: string,
  now = serverNow(),
): Promise<string> {
  const seen = kept<number>(SEEN) ?? 0
  if (now < seen - BACK_MS) return t('alone.clockBack')
  keep(SEEN, Math.max(seen, now))
  const proof = kept<Record<number, Proof>>(NAME)?.[staff_id]
  if (!proof || now - proof.at > GOOD_FOR_MS) return t('alone.noPin')
  const locked_ms = (proof.locked_until ?? 0) - now
  if (locked_ms > 0) return t('alone.pinLocked', { n: Math.ceil(locked_ms / 60_000) })
  if ((await slowHash(pin, proof.salt)) === proof.hash) {
    put(staff_id, { ...proof, wrong: 0 })
    return ''
  }
  const wrong = (proof.wrong ?? 0) + 1
  if (wrong < TRIES) {
    put(staff_id, { ...proof, wrong })
    return t('alone.wrongPin', { n: TRIES - wrong })
  }
  put(staff_id, { ...proof, wrong: 0, locked_until: now + LOCK_MS })
  return t('alone.pinLocked', { n: LOCK_MS / 60_000 })
}

function put(staff_id: number, proof: Proof): void {
  keep(NAME, { ...kept<Record<number, Proof>>(NAME), [staff_id]: proof })
}
