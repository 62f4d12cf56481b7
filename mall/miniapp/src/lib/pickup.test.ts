import { beforeEach, expect, test, vi } from 'vitest'

const disk = new Map<string, string>()
vi.stubGlobal('uni', {
  getStorageSync: (key: string) => disk.get(key) ?? '',
  setStorageSync: (key: string, value: string) => disk.set(key, value),
  removeStorageSync: (key: string) => disk.delete(key),
})

const { forgetPickup, friendLink, keepPickup, keptPickup, readLink } = await import('./pickup')
const one = (order_id: number, code = '12345678') => ({ order_id, parcel_id: 1, no: '1', code, store: '通店 S1', address: '文三路 1 号&2', delegated: false, promise_at: null })

beforeEach(() => disk.clear())

test('the newest five codes are there without network, and a used one is gone', () => {
  for (const n of [1, 2, 3, 4, 5, 6]) keepPickup(one(n))
  keepPickup(one(6, '87654321'))
  expect([1, 2, 6].map((n) => keptPickup(n)?.code)).toEqual([undefined, '12345678', '87654321'])
  forgetPickup(6)
  expect(keptPickup(6)).toBeNull()
})

test('a link says what was sent, whatever its signs, and never a code that is none', () => {
  const query = Object.fromEntries(new URLSearchParams(friendLink(one(1)).split('?')[1]))
  expect(readLink(query)).toEqual({ code: '12345678', store: '通店 S1', address: '文三路 1 号&2' })
  expect(readLink({ code: '<b>1</b>', store: '%E0%A4%A' })).toEqual({ code: '', store: '', address: '' })
})
