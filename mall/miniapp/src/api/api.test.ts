import { beforeEach, expect, test, vi } from 'vitest'

vi.stubGlobal('uni', { getStorageSync: () => '', setStorageSync: () => undefined, removeStorageSync: () => undefined })

const { Api, Refused, sentence, Unreachable } = await import('./api')
const { serverNow } = await import('../lib/time')
const { Told } = await import('../lib/told')
type Call = import('./transport').Call

type Said = { status: number; body?: unknown; date?: string } | 'lost'

let sent: Call[]
let answers: Said[]

async function wire(call: Call) {
  sent.push(call)
  const next = answers.shift() ?? { status: 200, body: {} }
  if (next === 'lost') throw new Error('request:fail')
  return { status: next.status, body: next.body ?? {}, date: next.date }
}

beforeEach(() => {
  sent = []
  answers = []
})

const ids = () => sent.map(({ body }) => JSON.parse(String(body)).request_id as string)

test('a write whose answer was lost is repeated under the same request id', async () => {
  const api = new Api(wire)
  answers = ['lost', { status: 502 }, { status: 200, body: { ok: true } }]
  await expect(api.write('/orders', { points: 1 })).rejects.toThrow(Unreachable)
  await expect(api.write('/orders', { points: 1 })).rejects.toThrow(Unreachable)
  await expect(api.write('/orders', { points: 1 })).resolves.toEqual({ ok: true })
  expect(new Set(ids()).size).toBe(1)
  expect(ids()[0]).toMatch(/^[0-9a-f-]{36}$/)
})

test('another body, an answered write and a refused one get a new request id', async () => {
  const api = new Api(wire)
  answers = ['lost', { status: 201 }, { status: 409, body: { code: 'out_of_stock', message: '库存不足', facts: {} } }]
  await expect(api.write('/orders', { points: 1 })).rejects.toThrow(Unreachable)
  await api.write('/orders', { points: 2 })
  await expect(api.write('/orders', { points: 2 })).rejects.toThrow(Refused)
  await api.write('/orders', { points: 2 })
  expect(new Set(ids()).size).toBe(4)
})

test('a question carries no request id', async () => {
  await new Api(wire).ask('/quote', { lines: [] })
  expect(JSON.parse(String(sent[0]?.body))).toEqual({ lines: [] })
})

test('a refusal is told in the words of the server, with moments in the time of the shop', async () => {
  const body = { code: 'slot_full', message: '已于 2026-11-23T13:44:10.123456+00:00 约满', facts: { n: 1 } }
  answers = [{ status: 409, body }]
  const error = await new Api(wire).get('/x').catch((caught) => caught)
  expect(error).toMatchObject({ status: 409, code: 'slot_full', facts: { n: 1 } })
  expect(sentence(error)).toBe('已于 11-23 21:44 约满')
})

test('WeChat being busy is told as such, any other fault of the server as no answer', async () => {
  answers = [
    { status: 503, body: { code: 'wechat_busy', message: '微信忙', facts: {} } },
    { status: 500, body: { code: 'fault', message: 'x', facts: {} } },
    { status: 404, body: '<html>' },
  ]
  const api = new Api(wire)
  expect(sentence(await api.get('/a').catch((caught) => caught))).toBe('微信忙')
  await expect(api.get('/b')).rejects.toThrow(Unreachable)
  await expect(api.get('/c')).rejects.toThrow(Unreachable)
})

test('the token goes with every call, and the server says when it is no longer good', async () => {
  const signedOut = vi.fn()
  const api = new Api(wire, { token: () => 'abc', onSignedOut: signedOut })
  answers = [{ status: 401, body: { code: 'not_signed_in', message: '请先登录', facts: {} } }]
  await api.get('/me').catch(() => undefined)
  expect(sent[0]?.headers).toMatchObject({ Authorization: 'Bearer abc', 'Accept-Language': 'zh-CN' })
  expect(signedOut).toHaveBeenCalledOnce()
})

test('a phone that is ten minutes slow is put right by the answers', async () => {
  answers = [{ status: 200, date: new Date(Date.now() + 600_000).toUTCString() }]
  await new Api(wire).get('/x')
  expect(Math.abs(serverNow() - Date.now() - 600_000)).toBeLessThan(2000)
})

test('faults without words of their own get a common sentence', () => {
  expect(sentence(new Told('请在微信中打开'))).toBe('请在微信中打开')
  expect(sentence(new TypeError('x'))).toBe('出了点问题，请重试。')
})
