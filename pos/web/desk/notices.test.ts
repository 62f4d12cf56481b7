import type { Notice } from '@web/contract-desk'
import { describe, expect, test } from 'vitest'
import { noticeWords, untold } from './notices'

const AT = '2026-11-30T04:05:00+00:00'
const notice = (state: Notice['state'], told_at: string | null = null): Notice => ({
  event: 'ready',
  state,
  way: '',
  code: '',
  version: 1,
  asked_at: AT,
  settled_at: null,
  told_at,
  resends_left: 3,
})

describe('what became of telling the customer', () => {
  test('who was told once is not untold because a second sending failed', () => {
    expect(untold(notice('not_authorised', AT))).toBe(false)
    expect(noticeWords(notice('not_authorised', AT))).toMatch(/12:05.*未授权/)
    expect(noticeWords(notice('sent', AT))).toMatch(/^12:05/)
  })

  test('only what did not arrive and still matters is amber', () => {
    const amber = (
      ['queued', 'sent', 'failed', 'not_authorised', 'expired', 'given_up'] as const
    ).filter((state) => untold(notice(state)))
    expect(amber).toEqual(['failed', 'not_authorised', 'given_up'])
  })
})
