import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { useAlone } from '../stores/alone'
import { useHandOver } from '../stores/hand-over'
import type { Link, Place } from './document'
import { handOverOf, known, learn, lockedUntil, proofOf, type Waiting, wrong } from './pickups'

const HOUR = 3600_000
const SALT = { salt: '00112233445566778899aabbccddeeff', rounds: 1000, parcels: [] }
const place = { v: 1, uuid: 'u', seq: 1, prev: '', at_ms: 0 } as unknown as Place
const written: Link[] = []

beforeEach(() => {
  localStorage.clear()
  setActivePinia(createPinia())
  written.length = 0
  vi.spyOn(useAlone(), 'write').mockImplementation((make) => {
    const document = make(place)
    written.push(document)
    return Promise.resolve(document)
  })
})

async function parcel(code: string): Promise<Waiting> {
  const lines = [{ name: '牛奶', spec: '', unit: '盒', weighed: false, qty: 2 }]
  const proof = await proofOf(code, SALT)
  return { proof, store_id: 1, id: 7, no: '12', customer: '138****0001', place: 'A-3', lines }
}

test('the hash is the one that the server makes', async () => {
  // hashlib.pbkdf2_hmac('sha256', b'12345678', b'00112233445566778899aabbccddeeff', 1000, 16).hex()
  expect(await proofOf('12345678', SALT)).toBe('19c7eeea664b66f5fe37372af6125522')
})

test('a list holds for twelve hours from the last time the server said so, and is then forgotten', async () => {
  learn({ ...SALT, parcels: [await parcel('12345678')] }, 0)
  expect(known(11 * HOUR)?.parcels).toHaveLength(1)
  learn(null, 11 * HOUR)
  expect(known(22 * HOUR)?.parcels).toHaveLength(1)
  expect(known(24 * HOUR)).toBeNull()
  expect(known(11 * HOUR)).toBeNull()
})

test('a parcel is shown, handed over once, and not shown again', async () => {
  const one = await parcel('12345678')
  learn({ ...SALT, parcels: [one] })
  const hands = useHandOver()
  await hands.look('12345678')
  expect(hands.parcel?.lines[0]?.qty).toBe(2)
  expect(written).toEqual([])
  await hands.hand()
  await hands.hand()
  expect(written).toEqual([handOverOf(one, place)])
  expect(written[0]).toMatchObject({ kind: 'hand_over', parcel_id: 7, proof: one.proof, units: 2 })
  hands.begin()
  await hands.look('12345678')
  expect(hands.parcel).toBeNull()
  expect(hands.said).toContain('12')
})

test('five wrong codes lock for ten minutes, through a reload as well, and are told once', async () => {
  learn({ ...SALT, parcels: [await parcel('12345678')] })
  const hands = useHandOver()
  for (const code of ['00000001', '00000002', '00000003', '00000004']) await hands.look(code)
  expect([lockedUntil(), written.length]).toEqual([0, 0])
  await hands.look('00000005')
  expect(written).toMatchObject([{ kind: 'locked', tries: 5 }])
  setActivePinia(createPinia())
  await useHandOver().look('12345678')
  expect(useHandOver().parcel).toBeNull()
  expect(written).toHaveLength(1)
  expect(lockedUntil(Date.now() + 11 * 60_000)).toBe(0)
})

test('what cannot be checked here is no wrong code', async () => {
  const hands = useHandOver()
  for (const code of ['TP.1.2.3.0', '1234', '12345678']) {
    await hands.look(code)
    expect(hands.said).not.toBe('')
  }
  expect(wrong()).toBe(4)
})
