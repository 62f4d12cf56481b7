import { expect, test, vi } from 'vitest'

vi.stubGlobal('uni', { getStorageSync: () => '', setStorageSync: () => undefined })
const { faceOf, progress, tierName, tierOf } = await import('./tiers')

const LEVELS = [{ code: 'silver', name_zh: '银卡会员', name_en: 'Silver', entry_growth: 1, keep_growth: 1, multiplier_bp: 12_000, benefits: [], gift_points: 0, gift_coupons: [] }]

/** Relative luminance of WCAG 2. */
function light(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [light(one), light(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

test.each(['standard', 'silver', 'gold', 'black', 'platinum'])('what is written on a card of %s can be read', (code) => {
  const { from, to, ink, accent } = faceOf(code)
  const pairs = [from, to].flatMap((ground) => [contrast(ink, ground), contrast(accent, ground)])
  expect(Math.min(...pairs)).toBeGreaterThanOrEqual(4.5)
})

test.each([
  [0, { entry_growth: 1000 }, 0],
  [999, { entry_growth: 1000 }, 99],
  [1200, { entry_growth: 1000 }, 100],
  [-5, { entry_growth: 1000 }, 0],
  [7, null, 100],
])('growth %i towards %o fills the bar to %i', (confirmed, next, filled) => {
  expect(progress(confirmed, next)).toBe(filled)
})

test('a tier has its name from the rules, or ours, or its code', () => {
  expect(tierName(LEVELS[0]!)).toBe('银卡会员')
  expect([tierOf('silver', LEVELS), tierOf('gold', LEVELS), tierOf('jade', LEVELS)]).toEqual(['银卡会员', '金卡会员', 'jade'])
})
