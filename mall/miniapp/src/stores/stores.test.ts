import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'

const kept = new Map<string, string>()
const answers: Record<string, { status: number; body: unknown }> = {}
const asked: { url: string; header: Record<string, string> }[] = []

vi.stubGlobal('uni', {
  getStorageSync: (key: string) => kept.get(key) ?? '',
  setStorageSync: (key: string, value: string) => kept.set(key, value),
  removeStorageSync: (key: string) => kept.delete(key),
  login: ({ success }: { success: (said: { code: string }) => void }) => success({ code: 'c1' }),
  request: (call: { url: string; header: Record<string, string>; success: (said: object) => void }) => {
    asked.push(call)
    const path = new URL(call.url).pathname
    const { status, body } = answers[path] ?? { status: 404, body: { code: 'not_found', message: '没有', facts: {} } }
    call.success({ statusCode: status, data: body, header: {} })
  },
})

const { useCart } = await import('./cart')
const { useCheckout } = await import('./checkout')
const { usePlace } = await import('./place')
const { useSession } = await import('./session')
const { setToken } = await import('../api/mall')

const MILK = { sku_id: 1, product_id: 9, name: '牛奶', spec: '250ml', unit: '盒', weighed: false, picture: '/p.svg' }
const ME = { member_id: 1, no: 'M1', name: '王**', phone: '', tier: 'gold', points: 5, pending_points: 0 }
const SHOPS = [{ id: 7 }, { id: 8 }]

beforeEach(() => {
  kept.clear()
  asked.length = 0
  for (const path of Object.keys(answers)) delete answers[path]
  setToken('')
  setActivePinia(createPinia())
})

test('the cart is there again after a reload', async () => {
  useCart().add(MILK, 2)
  useCart().toggle(1)
  await nextTick()
  setActivePinia(createPinia())
  expect(useCart().lines).toMatchObject([{ sku_id: 1, qty: 2, chosen: false }])
  expect(useCart().chosen).toEqual([])
})

test('choosing all, removing and counting kinds', () => {
  const cart = useCart()
  cart.add(MILK, 1)
  cart.add({ ...MILK, sku_id: 2 }, 3)
  cart.chooseAll(false)
  expect([cart.count, cart.chosen.length]).toEqual([2, 0])
  cart.chooseAll(true)
  cart.remove([1])
  expect(cart.chosen.map((line) => line.sku_id)).toEqual([2])
})

test('what is at the checkout survives leaving for the sign-in page', () => {
  useCheckout().bring([{ sku_id: 1, qty: 2 }], true)
  setActivePinia(createPinia())
  expect(useCheckout().counter).toEqual({ lines: [{ sku_id: 1, qty: 2 }], fromCart: true })
})

test('the first store is taken until one is chosen, and the choice is kept', async () => {
  answers['/api/mall/stores'] = { status: 200, body: { stores: SHOPS } }
  expect(await usePlace().ready()).toBe(7)
  usePlace().choose(8)
  setActivePinia(createPinia())
  expect(await usePlace().ready()).toBe(8)
})

test('a store that no longer exists is forgotten', async () => {
  answers['/api/mall/stores'] = { status: 200, body: { stores: SHOPS } }
  usePlace().choose(99)
  expect(await usePlace().ready()).toBe(7)
})

test('the weapp signs in by itself, once, and the token goes with what follows', async () => {
  answers['/api/mall/login'] = { status: 200, body: { token: 't1', me: ME } }
  answers['/api/mall/me'] = { status: 200, body: { me: ME } }
  const session = useSession()
  await Promise.all([session.ready(), session.ready()])
  await session.refresh()
  expect(asked.map(({ url }) => new URL(url).pathname)).toEqual(['/api/mall/login', '/api/mall/me'])
  expect(asked[1]?.header.Authorization).toBe('Bearer t1')
  expect([session.signedIn, session.me?.tier]).toEqual([true, 'gold'])
})

test('a token that the server no longer knows signs the person out', async () => {
  setToken('old')
  answers['/api/mall/me'] = { status: 401, body: { code: 'not_signed_in', message: '请先登录', facts: {} } }
  const session = useSession()
  await expect(session.refresh()).rejects.toThrow('请先登录')
  expect([session.signedIn, session.me]).toEqual([false, null])
})

test('a sign-in that fails is told and leaves a guest', async () => {
  answers['/api/mall/login'] = { status: 503, body: { code: 'wechat_busy', message: '微信忙', facts: {} } }
  const session = useSession()
  await session.ready()
  expect([session.signedIn, session.fault]).toEqual([false, '微信忙'])
})
