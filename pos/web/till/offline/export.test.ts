import { expect, test } from 'vitest'
import { sealed } from './export'
import type { Kept } from './journal'

const bytesOf = (text: string) => Uint8Array.from(atob(text), (mark) => mark.charCodeAt(0))

test('a sealed journal says whose it is and nothing else, and opens with its key', async () => {
  const document = { uuid: 'u', body: '{"a":"牛奶"}', aside: null } as Kept
  const file = await sealed([document], { id: 3, store_id: 2 }, '07'.repeat(32))
  expect([file.v, file.store_id, file.till_id]).toEqual([1, 2, 3])
  const raw = new Uint8Array(32).fill(7)
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt'])
  const how = { name: 'AES-GCM', iv: bytesOf(file.iv) }
  const plain = await crypto.subtle.decrypt(how, key, bytesOf(file.data))
  expect(JSON.parse(new TextDecoder().decode(plain))).toEqual([document])
})
