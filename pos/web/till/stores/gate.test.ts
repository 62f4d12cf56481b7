import { keep } from '@web/kept'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import type { Place } from '../offline/document'
import type { WordDocument } from '../offline/word'
import { answered } from '../server'
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
    alone: { by_manager, minutes: 60, qr: true, qr_sale_fen: 2000, qr_outage_fen: 3000 },
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

test('the printed code pays within its caps, which count from the word of the manager on', async () => {
  rule(false)
  answered.value = true
  expect(await useGate().passQr(1000)).not.toBe('')
  answered.value = false
  expect(await useGate().passQr(2001)).toContain('20.00')
  expect(useApproval().wanted).toBeNull()
  const sold = [{ sale: { tender: 'static_qr', at_ms: 1, payable_fen: 3000 }, back: new Map() }]
  vi.spyOn(useAlone(), 'sold').mockImplementation(() => Promise.resolve(sold as never))
  const passed = useGate().passQr(2000)
  await vi.waitFor(() =>
    expect(useApproval().wanted).toMatchObject({ action: 'tender_unknown', lasts: true }),
  )
  useApproval().end({ id: null, approver_id: 9, reason: 'no cash' })
  expect(await passed).toBe('')
  sold.push({
    sale: { tender: 'static_qr', at_ms: Date.now(), payable_fen: 2000 },
    back: new Map(),
  })
  expect(await useGate().passQr(1001)).toContain('10.00')
  expect(await useGate().passQr(1000)).toBe('')
  expect(written.map(({ action }) => action)).toEqual(['tender_unknown'])
})

test('all that may be refused is refused before the customer pays the code', async () => {
  answered.value = false
  rule(true)
  vi.spyOn(useAlone(), 'sold').mockImplementation(() => Promise.resolve([]))
  const passed = useGate().passQr(100)
  expect(useApproval().wanted?.action).toBe('offline_mode')
  useApproval().end({ id: null, approver_id: 9, reason: 'down' })
  await vi.waitFor(() => expect(useApproval().wanted?.action).toBe('tender_unknown'))
  useApproval().end({ id: null, approver_id: 9, reason: 'no cash' })
  expect(await passed).toBe('')
  expect(written.map(({ action }) => action)).toEqual(['offline_mode', 'tender_unknown'])
})

test('where no manager agrees, or the store takes none, the printed code pays nothing', async () => {
  answered.value = false
  expect(await useGate().passQr(100)).not.toBe('')
  rule(false)
  const passed = useGate().passQr(100)
  await vi.waitFor(() => expect(useApproval().wanted?.action).toBe('tender_unknown'))
  useApproval().cancel()
  expect(await passed).not.toBe('')
  expect(written).toEqual([])
})
