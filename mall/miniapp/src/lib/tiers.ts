import type { TierLevel, TierName } from '../api/contract'
import { locale, t, tOr } from './i18n'

/** The colours of a card: two of its face, what is written on it, what stands out, and the ground of bars. */
export interface Face {
  from: string
  to: string
  ink: string
  accent: string
  track: string
}

const ON_DARK = 'rgba(255,255,255,.24)'
const ON_LIGHT = 'rgba(22,25,29,.14)'
const GREEN: Face = { from: '#08634b', to: '#0a7a5c', ink: '#ffffff', accent: '#fff1d0', track: ON_DARK }
const FACES: Record<string, Face> = {
  standard: GREEN,
  silver: { from: '#eef2f5', to: '#c3cdd5', ink: '#1f2a33', accent: '#33434f', track: ON_LIGHT },
  gold: { from: '#f8e7bd', to: '#e0bb6c', ink: '#33250a', accent: '#6a4300', track: ON_LIGHT },
  black: { from: '#121417', to: '#363b41', ink: '#f4dfb0', accent: '#e2bf72', track: ON_DARK },
}

/** How a tier's card looks; a tier of the chain's own wears the house's green. */
export function faceOf(code: string): Face {
  return FACES[code] ?? GREEN
}

export function tierName(of: TierName): string {
  return locale() === 'en' ? of.name_en : of.name_zh
}

/** A tier known only by its code, as in the history. */
export function tierOf(code: string, levels: TierLevel[]): string {
  const level = levels.find((one) => one.code === code)
  return level ? tierName(level) : tOr(`tier.${code}`, code)
}

/** 12000 -> "1.2 倍", 10000 -> "1 倍" */
export function timesWords(multiplier_bp: number): string {
  return t('tier.times', { n: multiplier_bp / 10_000 })
}

/** How far growth is on the way to the next tier, 0 to 100; the top is full. */
export function progress(confirmed: number, next: { entry_growth: number } | null): number {
  if (!next || next.entry_growth <= 0) return 100
  return Math.max(0, Math.min(100, Math.floor((confirmed * 100) / next.entry_growth)))
}
