import { keep } from '@web/kept'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import type { Place } from '../offline/document'
import type { WordDocument } from '../offline/word'
import { useAlone } from './alone'
import { useApproval } from './approval'
import { useGate } from './gate'

const place = { v: 1, uuid: 'u', seq: 1, prev: '', at_ms: 0, shift_id: 1, staff_id: 2 } as Place
const written: WordDocument[] = []

beforeEach(() => {
  localStorage.clear()
  setActivePinia(createPinia())
  written.length = 0
  vi.spyOn(useAlone(), 'write').mockImplementation((make) => {
    const document = make({ ...place, at_ms: Date.now() })
    written.push(document as never)
    return Promise.resolve(document)
  })
})

const rule = (by_manager: boolean) =>
  keep('till.limits', {
    limits: [],
    floors: [],
    otherwise: [],
    alone: { by_manager, minutes: 60 },
  })

test('a store that asks for nobody, or of which nothing was heard, sells freely', async () => {
  expect(await useGate().pass()).toBe('')
  rule(false)
  expect(await useGate().pass()).toBe('')
  expect(useApproval().wanted).toBeNull()
  expect(written).toEqual([])
})

test('nobody who agrees, nothing sold', async () => {
  rule(true)
  const passed = useGate().pass()
  expect(useApproval().wanted?.action).toBe('offline_mode')
  useApproval().cancel()
  expect(await passed).not.toBe('')
  expect(written).toEqual([])
  expect(useGate().isShut()).toBe(true)
})

test('one word is written down before the sale, and good for its time, through a reload as well', async () => {
  rule(true)
  const passed = useGate().pass()
  useApproval().end({ id: null, approver_id: 9, reason: 'down' })
  expect(await passed).toBe('')
  const [word] = written
  expect(word).toMatchObject({ kind: 'word', action: 'offline_mode', approver_id: 9 })
  expect((word?.until_ms ?? 0) - (word?.at_ms ?? 0)).toBe(60 * 60_000)
  expect(await useGate().pass()).toBe('')
  expect(written).toHaveLength(1)
  setActivePinia(createPinia())
  expect(useGate().isShut()).toBe(false)
  expect(useGate().isShut(Date.now() + 61 * 60_000)).toBe(true)
})

test('a word that the server took means that there is a network: nothing is sold without it', async () => {
  rule(true)
  const passed = useGate().pass()
  useApproval().end({ id: 7, approver_id: 9, reason: 'down' })
  expect(await passed).not.toBe('')
  expect(written).toEqual([])
})
