import type { Case, CaseGlance, Step, StoryStep, Why } from '../api/contract-after'
import { distance } from './distance'
import type { Key } from './i18n'
import { t, tOr } from './i18n'
import { yuan } from './money'
import { dateAndTime } from './time'

/** The state of a case in a word. */
export function caseState(one: Pick<Case, 'state'>): string {
  return tOr(`case.state.${one.state}`, one.state)
}

export function kindWords(kind: string): string {
  return t(`case.kind.${kind}` as Key)
}

/** What happens next with a case, and by when. */
export function caseNext(one: Case): string {
  const when = one.due_by ? dateAndTime(one.due_by) : ''
  if (one.state === 'wait_return') return t('case.next.wait_return', { when, store: one.at_store_name })
  if (one.state === 'rejected') return one.reason ? t('case.next.rejected', { reason: one.reason }) : ''
  return tOr(`case.next.${one.state}`, '') && t(`case.next.${one.state}` as Key, { when })
}

/** A case in a line of the order's page. */
export function caseLine(one: CaseGlance): string {
  const sum = one.asked_fen ? ` ¥${yuan(one.asked_fen)}` : ''
  return `${kindWords(one.kind)}${sum}`
}

/** A step of a case. */
export function caseStep(step: Step): { words: string; note: string } {
  const reason = step.reason === 'order_ended' ? t('case.order_ended') : step.reason
  return { words: tOr(`case.step.${step.event}`, step.event), note: [reason, step.tracking_no].filter(Boolean).join(' ') }
}

/** A step of an order's story; those of its cases say of which kind of case they are. */
export function storyStep(step: StoryStep, cases: readonly CaseGlance[]): { words: string; note: string } {
  if (step.case_id) {
    const kind = cases.find((one) => one.id === step.case_id)?.kind
    const said = caseStep(step)
    return { words: kind ? `${kindWords(kind)} · ${said.words}` : said.words, note: said.note }
  }
  const note = step.tracking_no ? t('story.courier', { no: step.tracking_no }) : tOr(`cancel.why.${step.reason}`, '')
  return { words: t(`story.${step.event}` as Key, { store: step.store_name }), note }
}

export function whyWords(why: Why): string {
  return t(`story.why.${why.because}`, { store: why.store_name, far: why.distance_m === null ? '' : distance(why.distance_m) })
}
