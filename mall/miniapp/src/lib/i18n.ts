import { createI18n } from 'vue-i18n'
import en from '../locale/en.json'
import zh from '../locale/zh-CN.json'
import { keep, kept } from './kept'

export type Key = keyof typeof zh
export type Locale = 'zh-CN' | 'en'

export const i18n = createI18n({
  legacy: false,
  locale: kept<Locale>('locale') === 'en' ? 'en' : 'zh-CN',
  fallbackLocale: 'zh-CN',
  flatJson: true,
  messages: { 'zh-CN': zh as Record<string, string>, en: en as Record<string, string> },
})

/** The language of the screen; also what the server is asked to answer in. */
export function locale(): Locale {
  return i18n.global.locale.value as Locale
}

export function setLocale(next: Locale): void {
  i18n.global.locale.value = next
  keep('locale', next)
}

/** The sentence of a key in the language of the screen; `{name}` is replaced from `facts`. */
export function t(key: Key, facts: Record<string, string | number> = {}): string {
  return i18n.global.t(key, facts)
}

/** For keys built from what the server says; an unknown word is shown as it came. */
export function tOr(key: string, otherwise: string): string {
  return i18n.global.te(key) ? i18n.global.t(key) : otherwise
}
