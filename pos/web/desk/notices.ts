import type { Notice } from '@web/contract-desk'
import { t, tOr } from '@web/i18n'
import { clock } from '@web/time'

/** The customer does not know, and it still matters. */
export function untold(notice: Notice): boolean {
  return !notice.told_at && !['sent', 'queued', 'expired'].includes(notice.state)
}

/** What became of telling the customer; an earlier sending that arrived is not forgotten. */
export function noticeWords(notice: Notice): string {
  const state = tOr(`notice.${notice.state}`, notice.state)
  if (!notice.told_at) return state
  const at = clock(notice.told_at)
  return notice.state === 'sent' || notice.state === 'expired'
    ? t('notice.told', { at })
    : t('notice.toldBefore', { at, state })
}
