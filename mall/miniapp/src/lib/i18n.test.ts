import { expect, test, vi } from 'vitest'

const kept = new Map<string, string>()
vi.stubGlobal('uni', {
  getStorageSync: (key: string) => kept.get(key) ?? '',
  setStorageSync: (key: string, value: string) => kept.set(key, value),
})

const { locale, setLocale, t, tOr } = await import('./i18n')

test('blanks are filled in, whatever the build of vue-i18n', () => {
  expect(t('card.left', { qty: 3, unit: '件' })).toBe('仅剩 3 件')
  expect(t('order.left', { time: '12:34' })).toBe('剩余 12:34')
})

test('words of the server have ours, or stay as they came', () => {
  expect([tOr('tier.gold', 'gold'), tOr('tier.platinum', 'platinum')]).toEqual(['金卡会员', 'platinum'])
})

test('the language is switched at once and remembered', () => {
  setLocale('en')
  expect([locale(), t('card.left', { qty: 3, unit: 'pcs' })]).toEqual(['en', 'Only 3 pcs left'])
  expect([...kept.values()]).toEqual(['"en"'])
})
