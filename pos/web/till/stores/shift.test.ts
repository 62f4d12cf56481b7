import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { usePrinter } from '../print/printer'
import { useShift } from './shift'

let answer: () => Promise<Response>
beforeEach(() => {
  localStorage.clear()
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', () => answer())
})

const json = (status: number, body: object) =>
  Promise.resolve(new Response(JSON.stringify(body), { status }))

test('cash in or out opens the drawer once it is written down, and not where it was refused', async () => {
  const opened = vi.spyOn(usePrinter(), 'openDrawer').mockResolvedValue()
  const move = () => useShift().move('paid_in', 500, null, 'change')
  answer = () => json(409, { code: 'shift_not_open', facts: {} })
  await expect(move()).rejects.toThrow()
  expect(opened).not.toHaveBeenCalled()
  answer = () => json(200, { moves: [{ id: 8 }, { id: 7 }] })
  expect(await move()).toHaveLength(2)
  await move()
  expect(opened).toHaveBeenCalledTimes(1)
})
