import 'fake-indexeddb/auto'
import type { Shift, Staff } from '@web/contract'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { place } from '../offline/one-tab'
import type { VoidDocument } from '../offline/void'
import { useAlone } from './alone'
import { useSession } from './session'
import { useVoids } from './voids'

let answer: () => Promise<Response>
beforeEach(async () => {
  localStorage.clear()
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', () => answer())
  place.value = 'here'
  Object.assign(useSession(), {
    staff: { id: 7 } as Staff,
    shift: { id: 3, uuid: 's-3' } as Shift,
  })
  await useAlone().count()
})

const json = (status: number, body: object) =>
  Promise.resolve(new Response(JSON.stringify(body), { status }))
const word = { id: 12, approver_id: 2, reason: '录错了', why: 'void.reason.wrong' } as const

async function voidOne(how: () => Promise<Response>): Promise<VoidDocument[]> {
  const before = (await useAlone().pending()).length
  answer = how
  useVoids().end(crypto.randomUUID(), 'wrong', word)
  await vi.waitFor(() => expect(useVoids().waiting).toEqual([]))
  const written = (await useAlone().pending()).slice(before)
  return written.map((one) => JSON.parse(one.body) as VoidDocument)
}

test('a void that was answered needs no document', async () => {
  expect(await voidOne(() => json(201, { voided: 'x' }))).toEqual([])
})

test('one that nobody answered, or that was refused, goes into the chain with the word it was given by', async () => {
  const refused = () => json(409, { code: 'approval_over', facts: {}, message: '' })
  for (const how of [() => Promise.reject(new TypeError('cut')), refused]) {
    const [written, ...more] = await voidOne(how)
    expect(more).toEqual([])
    expect(written).toMatchObject({ kind: 'void', approval_id: 12, approver_id: null, staff_id: 7 })
    expect(written).toMatchObject({ shift_id: 3, shift_uuid: 's-3', reason: 'wrong' })
    expect(localStorage.getItem('td.till.voids')).toBe(null)
  }
})
