/** Four tones a cashier can tell apart without looking; the bell of the desk, its louder sister, and a wrong pick. */

import { ref } from 'vue'
import { keep, kept } from './kept'

type Note = [hertz: number, at_s: number, for_s: number]

export const TONES = {
  ok: [[1320, 0, 0.06]],
  unknown: [
    [330, 0, 0.12],
    [262, 0.14, 0.2],
  ],
  blocked: [
    [220, 0, 0.12],
    [220, 0.17, 0.12],
    [220, 0.34, 0.12],
  ],
  paid: [
    [784, 0, 0.09],
    [1047, 0.1, 0.09],
    [1319, 0.2, 0.16],
  ],
  order: [
    [880, 0, 0.18],
    [660, 0.2, 0.18],
    [880, 0.45, 0.18],
    [660, 0.65, 0.24],
  ],
  urgent: [
    [988, 0, 0.12],
    [988, 0.16, 0.12],
    [988, 0.32, 0.12],
    [1319, 0.5, 0.3],
    [988, 0.86, 0.12],
    [1319, 1.02, 0.34],
  ],
  wrong: [
    [196, 0, 0.35],
    [147, 0.38, 0.5],
  ],
} satisfies Record<string, Note[]>

export type Tone = keyof typeof TONES

/** What a till says; its volume is set there, while the bell of the desk is never turned down by it. */
export const TILL_TONES = ['ok', 'unknown', 'blocked', 'paid'] as const

const KEPT = 'till.volume'
/** How loud each step of the setting is: off, low, middle, loud. */
const GAINS = [0, 0.05, 0.12, 0.22]
const LOUD = 3

export const volume = ref(kept<number>(KEPT) ?? LOUD)

export function setVolume(step: number): void {
  volume.value = step
  keep(KEPT, step)
  if (step > 0) play('ok')
}

function gainOf(tone: Tone): number {
  const ofTill = (TILL_TONES as readonly Tone[]).includes(tone)
  return GAINS[ofTill ? volume.value : LOUD] ?? 0
}

let context: AudioContext | null = null

function audio(): AudioContext | null {
  if (!context && typeof AudioContext !== 'undefined') context = new AudioContext()
  return context
}

/** Browsers keep sound off until somebody touches the page. */
export function soundBlocked(): boolean {
  return audio()?.state === 'suspended'
}

export async function allowSound(): Promise<void> {
  await audio()?.resume()
}

export function play(tone: Tone): void {
  const loud = gainOf(tone)
  const out = loud > 0 ? audio() : null
  if (!out) return
  if (out.state === 'suspended') void out.resume()
  for (const [hertz, at_s, for_s] of TONES[tone]) {
    const oscillator = out.createOscillator()
    const gain = out.createGain()
    const start = out.currentTime + at_s
    oscillator.type = tone === 'blocked' || tone === 'unknown' ? 'square' : 'sine'
    oscillator.frequency.value = hertz
    gain.gain.setValueAtTime(0.0001, start)
    gain.gain.exponentialRampToValueAtTime(loud, start + 0.01)
    gain.gain.exponentialRampToValueAtTime(0.0001, start + for_s)
    oscillator.connect(gain).connect(out.destination)
    oscillator.start(start)
    oscillator.stop(start + for_s + 0.02)
  }
}
