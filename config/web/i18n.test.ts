import { afterEach, expect, test } from 'vitest'
import { type Key, setLocale, t, tOr } from './i18n'
import en from './locale/en.json'
import zh from './locale/zh-CN.json'

const SOURCES = import.meta.glob<string>(
  ['./**/*.{vue,ts}', '../../pos/web/**/*.{vue,ts}', '!**/*.test.ts'],
  { query: '?raw', import: 'default', eager: true },
)

const facts = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()

afterEach(() => setLocale('zh-CN'))

test('both languages have the same sentences with the same facts', () => {
  expect(Object.keys(en)).toEqual(Object.keys(zh))
  for (const key of Object.keys(zh) as Key[])
    expect([key, facts(en[key])]).toEqual([key, facts(zh[key])])
})

test('every sentence is used somewhere', () => {
  const all = Object.values(SOURCES).join('\n')
  const built = [...all.matchAll(/`([\w.]+\.)\$\{/g)].map((match) => match[1] ?? '')
  const unused = Object.keys(zh).filter(
    (key) => !all.includes(`'${key}'`) && !built.some((start) => key.startsWith(start)),
  )
  expect(unused).toEqual([])
})

test('facts are filled in, and the language can be switched', () => {
  expect(t('order.title', { tail: '2046' })).toBe('尾号 2046')
  setLocale('en')
  expect(t('order.title', { tail: '2046' })).toBe('Order of 2046')
  expect(tOr('source.vip_day', 'vip_day')).toBe('vip_day')
})
