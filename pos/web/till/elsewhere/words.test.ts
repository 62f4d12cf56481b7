import type { OtherStore } from '@web/contract'
import { expect, test } from 'vitest'
import { ageOf, distance, openWords } from './words'

const store = (of: Partial<OtherStore>): OtherStore => ({
  store_id: 2,
  name: '二店',
  address: '',
  phone: '',
  distance_m: 0,
  free: 1,
  count_due: false,
  figure_at: null,
  open: true,
  opens_at: null,
  paused: false,
  modes: ['pickup'],
  ...of,
})
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()

test.each([
  [0, '0 m'],
  [850, '850 m'],
  [999, '999 m'],
  [1000, '1.0 km'],
  [3249, '3.2 km'],
  [12_400, '12 km'],
])('%i metres', (metres, words) => {
  expect(distance(metres)).toBe(words)
})

test('the age of a figure, and a figure that nobody trusts', () => {
  expect(ageOf(store({ figure_at: ago(0) }))).toBe('刚刚更新')
  expect(ageOf(store({ figure_at: ago(5) }))).toBe('5 分钟前')
  expect(ageOf(store({ figure_at: ago(125) }))).toBe('2 小时前')
  expect(ageOf(store({ figure_at: ago(3 * 1440 + 5) }))).toBe('3 天前')
  expect(ageOf(store({}))).toBe('未盘点过')
  expect(ageOf(store({ figure_at: ago(0), count_due: true }))).toBe('账面存疑，待盘点')
})

test('open, shut until when, not taking orders', () => {
  expect(openWords(store({}))).toBe('营业中')
  expect(openWords(store({ open: false, opens_at: '2099-01-01T00:00:00Z' }))).toContain(
    '01/01 08:00',
  )
  expect(openWords(store({ paused: true }))).toBe('暂停接单')
})
