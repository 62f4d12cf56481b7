import { expect, test } from 'vitest'
import { TILL_TONES, TONES } from './sounds'

/** How a tone goes: how many notes, and whether each is higher, lower or the same as the one before. */
function contour(tone: (typeof TILL_TONES)[number]): string {
  const pitches = TONES[tone].map(([hertz]) => hertz)
  const steps = pitches.slice(1).map((hertz, at) => Math.sign(hertz - (pitches[at] ?? 0)))
  return `${pitches.length}:${steps.join()}`
}

test('no two of the four tones of a till go alike, so that none is told by its pitch alone', () => {
  expect(new Set(TILL_TONES.map(contour)).size).toBe(TILL_TONES.length)
})
