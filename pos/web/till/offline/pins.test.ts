import { learnServerTime } from '@web/time'
import { beforeEach, expect, test, vi } from 'vitest'
import { refusesPin, rememberPin } from './pins'

const hours = (n: number) => n * 3600_000

beforeEach(() => localStorage.clear())

test('a PIN is known here for three days after the server took it', async () => {
  await rememberPin(7, '246810', 0)
  expect(await refusesPin(7, '246810', hours(71))).toBe('')
  expect(await refusesPin(7, '246811', hours(71))).toContain('4')
  expect(await refusesPin(8, '246810', hours(71))).not.toBe('')
  expect(await refusesPin(7, '246810', hours(73))).not.toBe('')
  expect(JSON.stringify({ ...localStorage })).not.toContain('246810')
})

test('five wrong ones lock it for five minutes, and a good one begins anew', async () => {
  await rememberPin(9, '246810', 0)
  for (let n = 0; n < 4; n += 1) expect(await refusesPin(9, '000000', hours(1))).not.toBe('')
  expect(await refusesPin(9, '246810', hours(1))).toBe('')
  for (let n = 0; n < 5; n += 1) await refusesPin(9, '000000', hours(1))
  expect(await refusesPin(9, '246810', hours(1) + 299_000)).not.toBe('')
  expect(await refusesPin(9, '246810', hours(1) + 301_000)).toBe('')
})

test('the time is that of the server, by what was measured of this clock, and is never turned back', async () => {
  const noon = Date.parse('2026-11-23T04:00:00Z')
  vi.useFakeTimers({ now: noon, toFake: ['Date'] })
  learnServerTime(new Date(noon + hours(72)).toUTCString())
  await rememberPin(5, '246810')
  expect(await refusesPin(5, '246810', noon + hours(72) + 1000)).toBe('')
  vi.setSystemTime(noon + hours(71))
  expect(await refusesPin(5, '246810')).toBe('')
  vi.setSystemTime(noon + hours(73))
  expect(await refusesPin(5, '246810')).not.toBe('')
  vi.setSystemTime(noon + hours(1))
  expect(await refusesPin(5, '246810')).toContain('时钟')
  learnServerTime(new Date(noon + hours(1)).toUTCString())
  vi.useRealTimers()
})
