import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Api, Refused, sentence, Unreachable } from './api'

type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | 'lost'

let sent: { path: string; init: RequestInit }[]
let answers: Answer[]

beforeEach(() => {
  sent = []
  answers = []
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    sent.push({ path, init })
    const next = answers.shift() ?? { status: 200, body: {} }
    if (next === 'lost') throw new TypeError('network')
    const body = next.status === 304 ? null : JSON.stringify(next.body ?? {})
    return new Response(body, { status: next.status, headers: next.headers ?? {} })
  })
})

afterEach(() => {
  vi.unstubAllGlobals()
})

const ids = () => sent.map(({ init }) => JSON.parse(String(init.body)).request_id as string)
const headersOf = (at: number) => sent[at]?.init.headers as Record<string, string>

test('a write whose answer was lost is repeated under the same request id', async () => {
  const api = new Api()
  answers = ['lost', { status: 502 }, { status: 200, body: { ok: true } }]
  await expect(api.write('/sale', { sum: 1 })).rejects.toThrow(Unreachable)
  await expect(api.write('/sale', { sum: 1 })).rejects.toThrow(Unreachable)
  await expect(api.write('/sale', { sum: 1 })).resolves.toEqual({ ok: true })
  expect(new Set(ids()).size).toBe(1)
  expect(ids()[0]).toMatch(/^[0-9a-f-]{36}$/)
})

test('another body, an answered write and a refused one get a new request id', async () => {
  const api = new Api()
  const refused = {
    status: 409,
    body: { code: 'out_of_stock', message: '库存不足', facts: { n: 1 } },
  }
  answers = ['lost', { status: 200 }, refused, { status: 200 }]
  await expect(api.write('/sale', { sum: 1 })).rejects.toThrow(Unreachable)
  await api.write('/sale', { sum: 2 })
  await expect(api.write('/sale', { sum: 2 })).rejects.toThrow(Refused)
  await api.write('/sale', { sum: 2 })
  expect(new Set(ids()).size).toBe(4)
})

test('a given request id is used as it is', async () => {
  await new Api().write('/sale', {}, 'a'.repeat(32))
  expect(ids()).toEqual(['a'.repeat(32)])
})

test('a refusal carries the sentence of the server and its facts', async () => {
  answers = [
    { status: 404, body: { code: 'unknown_code', message: '没有这个条码', facts: { code: '1' } } },
  ]
  const error = await new Api().get('/scan/1').catch((caught) => caught)
  expect(error).toMatchObject({ status: 404, code: 'unknown_code', facts: { code: '1' } })
  expect(sentence(error)).toBe('没有这个条码')
})

test('moments in a refusal are told in the time of the shop', async () => {
  const message = '已于 2026-11-23T13:44:10.123456+00:00 由 孙浩然 核销'
  answers = [{ status: 409, body: { code: 'already_collected', message } }]
  const error = await new Api().get<Error>('/x').catch((caught: Error) => caught)
  expect(error.message).toBe('已于 11/23 21:44 由 孙浩然 核销')
})

test.each([500, 502, 503])('a %i is no answer: nobody knows what happened', async (status) => {
  answers = [{ status, body: { code: 'fault', message: 'x' } }]
  await expect(new Api().get('/x')).rejects.toThrow(Unreachable)
})

test('a page that is no refusal of ours is no answer either', async () => {
  answers = [{ status: 404, body: '<html>' }]
  await expect(new Api().get('/x')).rejects.toThrow(Unreachable)
})

test('an unchanged list costs no body', async () => {
  const api = new Api()
  answers = [{ status: 200, body: { orders: [] }, headers: { ETag: '"a"' } }, { status: 304 }]
  const first = await api.getIfChanged('/orders', null)
  expect(first).toEqual({ body: { orders: [] }, etag: '"a"' })
  expect(await api.getIfChanged('/orders', first.etag)).toEqual({ body: null, etag: '"a"' })
  expect(headersOf(0)['If-None-Match']).toBeUndefined()
  expect(headersOf(1)['If-None-Match']).toBe('"a"')
})

test('every call says that it is ours, in which language, and who asks is told of the contact', async () => {
  const heard: boolean[] = []
  const signedOut = vi.fn()
  const api = new Api({
    headers: () => ({ 'X-Till-Token': 't' }),
    onContact: (answered) => heard.push(answered),
    onSignedOut: signedOut,
  })
  answers = [{ status: 401, body: { code: 'not_signed_in' } }, 'lost']
  await api.get('/x').catch(() => undefined)
  await api.get('/x').catch(() => undefined)
  expect(headersOf(0)).toMatchObject({
    'X-Tongdian': '1',
    'X-Till-Token': 't',
    'Accept-Language': 'zh-CN',
  })
  expect([heard, signedOut.mock.calls.length]).toEqual([[true, false], 1])
})

test('what was refused to the person before is asked again for the one who signed in, who stays', async () => {
  const signedOut = vi.fn()
  const api = new Api({ onSignedOut: signedOut })
  answers = [
    { status: 401, body: { code: 'not_signed_in' } },
    { status: 200, body: { mine: 1 } },
  ]
  const asked = api.get('/x')
  api.anew()
  await expect(asked).resolves.toEqual({ mine: 1 })
  answers = [{ status: 401, body: { code: 'not_signed_in' } }]
  const written = api.write('/sale', {})
  api.anew()
  await expect(written).rejects.toThrow(Refused)
  expect([sent.length, signedOut.mock.calls.length]).toEqual([3, 0])
})
