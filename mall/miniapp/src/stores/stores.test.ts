import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'

const kept = new Map<string, string>()
const answers: Record<string, { status: number; body: unknown }> = {}
const asked: { url: string; header: Record<string, string> }[] = []
/** Answers that are on their way: each waits until it is let through. */
const late: Record<string, (() => void)[]> = {}

vi.stubGlobal('uni', {
  getStorageSync: (key: string) => kept.get(key) ?? '',
  setStorageSync: (key: string, value: string) => kept.set(key, value),
  getStorageInfoSync: () => ({ keys: [...kept.keys()] }),
  removeStorageSync: (key: string) => kept.delete(key),
  login: ({ success }: { success: (said: { code: string }) => void }) => success({ code: 'c1' }),
  request: (call: { url: string; header: Record<string, string>; success: (said: object) => void }) => {
    asked.push(call)
    const path = new URL(call.url).pathname
    const { status, body } = answers[path] ?? { status: 404, body: { code: 'not_found', message: '没有', facts: {} } }
    const said = () => call.success({ statusCode: status, data: body, header: {} })
    if (late[path]) late[path].push(said)
    else said()
  },
})

const { useCart } = await import('./cart')
const { useCheckout } = await import('./checkout')
const { usePlace } = await import('./place')
const { useSession } = await import('./session')
const { setToken } = await import('../api/mall')
const { keepCard, keptCard } = await import('../lib/member-card')

const MILK = { sku_id: 1, product_id: 9, name: '牛奶', spec: '250ml', unit: '盒', weighed: false, picture: '/p.svg' }
const ME = { member_id: 1, no: 'M1', name: '王**', phone: '', tier: 'gold', points: 5, pending_points: 0 }
const SHOPS = [{ id: 7 }, { id: 8 }]

beforeEach(() => {
  kept.clear()
  asked.length = 0
  for (const path of Object.keys(answers)) delete answers[path]
  for (const path of Object.keys(late)) delete late[path]
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
  expect(useCheckout().counter).toMatchObject({ lines: [{ sku_id: 1, qty: 2 }], fromCart: true })
})

test('the same goods in two windows are one order, and another one once it is placed', () => {
  const bring = (qty: number) => {
    setActivePinia(createPinia())
    useCheckout().bring([{ sku_id: 1, qty }], false)
    return useCheckout().counter.attempt
  }
  const first = bring(2)
  expect(bring(2)).toBe(first)
  useCheckout().placed()
  const next = bring(2)
  expect(next).not.toBe(first)
  expect(bring(3)).not.toBe(next)
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

test('nobody is signed in who did not ask, and the token goes with what follows', async () => {
  answers['/api/mall/login'] = { status: 200, body: { token: 't1', me: ME } }
  answers['/api/mall/me'] = { status: 200, body: { me: ME } }
  const session = useSession()
  await Promise.all([session.ready(), session.ready()])
  expect([session.signedIn, asked.length]).toEqual([false, 0])
  await session.signIn()
  await session.refresh()
  expect(asked.map(({ url }) => new URL(url).pathname)).toEqual(['/api/mall/login', '/api/mall/events/consent', '/api/mall/me'])
  expect(asked[1]?.header.Authorization).toBe('Bearer t1')
  expect([session.signedIn, session.me?.tier]).toEqual([true, 'gold'])
})

async function comes(member_id: number): Promise<ReturnType<typeof useSession>> {
  answers['/api/mall/login'] = { status: 200, body: { token: `t${member_id}`, me: { ...ME, member_id } } }
  const session = useSession()
  await session.signIn()
  await nextTick()
  return session
}

test("a guest's basket is there after signing in, and again after the token ran out", async () => {
  useCart().add(MILK, 2)
  const session = await comes(1)
  expect(useCart().lines).toMatchObject([{ sku_id: 1, qty: 2 }])
  answers['/api/mall/me'] = { status: 401, body: { code: 'not_signed_in', message: '请先登录', facts: {} } }
  await expect(session.refresh()).rejects.toThrow('请先登录')
  await comes(1)
  expect(useCart().lines).toMatchObject([{ sku_id: 1, qty: 2 }])
})

test('whoever signs in next finds nothing of the person before', async () => {
  const untouched = new Set(kept.keys())
  useCart().add(MILK, 2)
  useCheckout().bring([{ sku_id: 1, qty: 2 }], true)
  const session = await comes(1)
  keepCard('M1', { ref: 'r', secret: 's' })
  for (const name of ['top_up', 'signed_on', 'what_comes_next_year']) kept.set(`td.mall.${name}`, '1')
  kept.set('td.mall.store', '7')
  answers['/api/mall/logout'] = { status: 503, body: null }
  session.signOut()
  await nextTick()
  const mine = [...kept.keys()].filter((name) => !untouched.has(name) && kept.get(name) !== '[]')
  expect(mine).toEqual(['td.mall.store'])
  expect([session.signedIn, session.me, session.keptMe]).toEqual([false, null, null])
  await comes(2)
  expect([useCart().lines, useCheckout().counter.lines, keptCard('M1')]).toEqual([[], [], null])
})

test('a basket whose owner only ran out of time is not given to another', async () => {
  await comes(1)
  useCart().add(MILK, 2)
  await nextTick()
  setToken('')
  useSession().forget()
  setActivePinia(createPinia())
  expect(useCart().count).toBe(1)
  await comes(2)
  expect(useCart().lines).toEqual([])
})

test('an answer that was on its way to one person does not reach the next, nor sign them out', async () => {
  const session = await comes(1)
  late['/api/mall/me'] = []
  answers['/api/mall/me'] = { status: 200, body: { me: { ...ME, name: '甲' } } }
  const forOne = session.refresh()
  answers['/api/mall/me'] = { status: 401, body: { code: 'not_signed_in', message: '请先登录', facts: {} } }
  const refused = session.refresh()
  session.signOut()
  await comes(2)
  const onTheirWay = late['/api/mall/me'] ?? []
  delete late['/api/mall/me']
  answers['/api/mall/me'] = { status: 200, body: { me: { ...ME, member_id: 2, name: '乙' } } }
  for (const arrives of onTheirWay) arrives()
  await Promise.all([forOne, refused])
  expect([session.signedIn, session.me?.member_id, session.me?.name]).toEqual([true, 2, '乙'])
})

test('a token that the server no longer knows signs the person out', async () => {
  setToken('old')
  answers['/api/mall/me'] = { status: 401, body: { code: 'not_signed_in', message: '请先登录', facts: {} } }
  const session = useSession()
  await expect(session.refresh()).rejects.toThrow('请先登录')
  expect([session.signedIn, session.me]).toEqual([false, null])
})

test('a sign-in that fails leaves a guest, with the basket', async () => {
  answers['/api/mall/login'] = { status: 503, body: { code: 'wechat_busy', message: '微信忙', facts: {} } }
  useCart().add(MILK, 2)
  const session = useSession()
  await expect(session.signIn()).rejects.toThrow('微信忙')
  expect([session.signedIn, useCart().count]).toEqual([false, 1])
})
