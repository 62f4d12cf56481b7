import { expect, test } from 'vitest'
import CSS from './tokens.css?raw'

const SIDES = new Map(
  [...CSS.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, ...sides]) => [
    name,
    sides as string[],
  ]),
)

/** What is written on what. */
const ON: Record<string, string[]> = {
  ink: ['card', 'ground', 'hover', 'off', 'brand-tint'],
  'ink-2': ['card', 'ground', 'hover', 'off', 'brand-tint'],
  'ink-3': ['card', 'ground', 'hover', 'off'],
  brand: ['card', 'ground', 'hover', 'brand-tint'],
  'on-brand': ['brand', 'brand-deep'],
  'brand-deep': ['card', 'brand-tint'],
  price: ['card', 'ground', 'price-tint', 'brand-tint'],
  'price-deep': ['card', 'price-tint'],
  warn: ['card', 'ground', 'warn-tint', 'brand-tint'],
  'warn-deep': ['warn-tint'],
  good: ['good-tint'],
  silver: ['silver-tint'],
  gold: ['gold-tint'],
  black: ['black-tint'],
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(ink: string, ground: string, side: number): number {
  const both = [ink, ground].map((name) => luminance(SIDES.get(name)?.[side] ?? ''))
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)
}

test.each(Object.entries(ON))('%s can be read on its grounds, light and dark', (ink, grounds) => {
  for (const ground of grounds) {
    expect(contrast(ink, ground, 0), `${ink} on ${ground}, light`).toBeGreaterThanOrEqual(4.5)
    expect(contrast(ink, ground, 1), `${ink} on ${ground}, dark`).toBeGreaterThanOrEqual(4.5)
  }
})

test.each(['ink', 'ink-2'])('totals are written in %s, at seven to one', (ink) => {
  for (const side of [0, 1]) expect(contrast(ink, 'card', side)).toBeGreaterThanOrEqual(7)
})
