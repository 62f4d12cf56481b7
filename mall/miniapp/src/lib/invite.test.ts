import { beforeEach, expect, test, vi } from 'vitest'

const stored = new Map<string, unknown>()
vi.stubGlobal('uni', {
  getStorageSync: (name: string) => stored.get(name) ?? '',
  setStorageSync: (name: string, value: unknown) => stored.set(name, value),
  removeStorageSync: (name: string) => stored.delete(name),
})
const { forgetInvite, invited, invitePath, rememberInvite } = await import('./invite')

beforeEach(() => stored.clear())

test('the code a person came by is kept until it was told', () => {
  rememberInvite('abcd2345')
  rememberInvite(undefined)
  expect(invited()).toBe('ABCD2345')
  forgetInvite()
  expect(invited()).toBeNull()
})

test.each(['', 'abc', 'a b c d', '<script>', 'x'.repeat(21), 12345678, null])('%s is no code', (code) => {
  rememberInvite(code)
  expect(invited()).toBeNull()
})

test('a friend is led into the mall', () => {
  expect(invitePath('ABCD2345')).toBe('/pages/home/home?invite=ABCD2345')
})
