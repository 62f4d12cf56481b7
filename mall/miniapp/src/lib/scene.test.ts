import { beforeEach, expect, test, vi } from 'vitest'

const stored = new Map<string, unknown>()
let status = 200
const asked: string[] = []
vi.stubGlobal('uni', {
  getStorageSync: (name: string) => stored.get(name) ?? '',
  setStorageSync: (name: string, value: unknown) => stored.set(name, value),
  removeStorageSync: (name: string) => stored.delete(name),
  request: (call: { url: string; success: (said: object) => void; fail: (said: object) => void }) => {
    asked.push(new URL(call.url).pathname)
    if (status === 0) call.fail({ errMsg: 'request:fail' })
    else call.success({ statusCode: status, data: { code: 'not_found', message: '没有', facts: {} }, header: {} })
  },
})
const { rememberScene, sceneOf, tellScene } = await import('./scene')
const { setToken } = await import('../api/mall')

beforeEach(() => {
  stored.clear()
  asked.length = 0
  status = 200
  setToken('')
})

test('a start has the code percent-encoded', () => {
  expect(sceneOf('1S7aQ0xx')).toBe('1S7aQ0xx')
  expect(sceneOf(encodeURIComponent('1Gab12345'))).toBe('1Gab12345')
})

test.each([undefined, 1089, '', 'a', '1-0-AAAA', '%', '1S7aQ0xx<', 'x'.repeat(19)])('%s is no code', (said) => {
  expect(sceneOf(said)).toBeNull()
})

test('the shop hears of it after the sign-in, once', async () => {
  rememberScene('1S7aQ0xx')
  await tellScene()
  expect(asked).toEqual([])
  setToken('t')
  await tellScene()
  await tellScene()
  expect(asked).toEqual(['/api/mall/scene'])
})

test('a refused code is forgotten, one that the network lost is not', async () => {
  rememberScene('1S7aQ0xx')
  setToken('t')
  status = 0
  await tellScene()
  expect(stored.size).toBeGreaterThan(1)
  status = 404
  await tellScene()
  const before = asked.length
  await tellScene()
  expect(asked.length).toBe(before)
})
