import { createI18n } from 'vue-i18n'
import afterEn from '../locale/after.en.json'
import afterZh from '../locale/after.zh-CN.json'
import en from '../locale/en.json'
import zh from '../locale/zh-CN.json'
import { keep, kept } from './kept'

export type Key = keyof typeof zh | keyof typeof afterZh
export type Locale = 'zh-CN' | 'en'

interface Blanks {
  named(name: string): unknown
}

/**
 * Texts as functions that fill in their `{blanks}`.
 *
 * vue-i18n would compile them with `new Function`, which neither our Content-Security-Policy nor the weapp
 * allows; and uni-app ships the weapp a vue-i18n without its compiler, which shows the blanks as they are.
 */
function fillable(texts: Record<string, string>) {
  const fill = (text: string) => (given: Blanks) =>
    text.replace(/\{(\w+)\}/g, (blank, name: string) => String(given.named(name) ?? blank))
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, fill(text)]))
}

export const i18n = createI18n({
  legacy: false,
  locale: kept<Locale>('locale') === 'en' ? 'en' : 'zh-CN',
  fallbackLocale: 'zh-CN',
  flatJson: true,
  messages: { 'zh-CN': fillable({ ...zh, ...afterZh }), en: fillable({ ...en, ...afterEn }) },
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
