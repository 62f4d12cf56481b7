import { ref } from 'vue'
import en from './locale/en.json'
import zh from './locale/zh-CN.json'

export type Key = keyof typeof zh
type Facts = Record<string, string | number>
export type Locale = 'zh-CN' | 'en'

const TEXTS: Record<Locale, Record<string, string>> = { 'zh-CN': zh, en }
const REMEMBERED = 'td.locale'

/** The language of the screen; also what the server is asked to answer in. */
export const locale = ref<Locale>(localStorage.getItem(REMEMBERED) === 'en' ? 'en' : 'zh-CN')

export function setLocale(next: Locale): void {
  locale.value = next
  localStorage.setItem(REMEMBERED, next)
  document.documentElement.lang = next
}

/** The sentence of a key in the language of the screen; `{name}` is replaced from `facts`. */
export function t(key: Key, facts: Facts = {}): string {
  return fill(TEXTS[locale.value][key] ?? zh[key], facts)
}

function fill(text: string, facts: Facts): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(facts[name] ?? whole))
}

/** For keys built from what the server says; an unknown word is shown as it came. */
export function tOr(key: string, otherwise: string, facts: Facts = {}): string {
  const text = TEXTS[locale.value][key]
  return text === undefined ? otherwise : fill(text, facts)
}

/** A name that the server gives in both languages. */
export function named(one: { name_zh: string; name_en: string }): string {
  return locale.value === 'en' ? one.name_en : one.name_zh
}
