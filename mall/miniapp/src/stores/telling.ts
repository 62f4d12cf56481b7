import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { MessageKind, Telling, TemplateAnswer } from '../api/contract-value'
import { mall } from '../api/mall'
import { toast } from '../lib/go'
import { t } from '../lib/i18n'
import { platform } from '../platform'

/** So many templates WeChat lets one question name. */
const AT_ONCE = 3

/** What this customer asked to be told by WeChat: each yes is worth one message. */
export const useTelling = defineStore('telling', () => {
  const known = ref<Telling | null>(null)

  /** Asked before the tap: after it WeChat opens its question only at once. */
  async function load(): Promise<void> {
    known.value = await mall.telling().catch(() => known.value)
  }

  /** Those of `kinds` that the shop can send; none while that is not known. */
  function possible(kinds: readonly MessageKind[]): MessageKind[] {
    return kinds.filter((kind) => known.value?.templates[kind]).slice(0, AT_ONCE)
  }

  /** Those of `kinds` of which no message is promised yet. */
  function open(kinds: readonly MessageKind[]): MessageKind[] {
    return possible(kinds).filter((kind) => !known.value?.free[kind])
  }

  /** Let WeChat ask; whatever the person says, everything goes on.  Nothing is asked that was answered already. */
  async function ask(kinds: readonly MessageKind[]): Promise<void> {
    const now = known.value
    const ids = open(kinds).map((kind) => now?.templates[kind] ?? '')
    if (!now || !ids.length) return
    const said = await platform.askMessages(ids, now.page)
    if (said) await take(said)
  }

  /** Keep what the person said. */
  async function take(said: TemplateAnswer[]): Promise<void> {
    const agreed = said.some((one) => one.accepted)
    if (agreed) known.value = await mall.tell(said)
    toast(t(agreed ? 'telling.will' : 'telling.will_not'))
  }

  function forget(): void {
    known.value = null
  }

  return { known, load, possible, open, ask, take, forget }
})
