import type { ReturnPreview } from '@web/contract'
import { t } from '@web/i18n'
import { dateOf } from '@web/time'
import { useApproval } from './approval'

/** Words that were given and not used yet: a request that is repeated brings the same ones. */
const given = new Map<string, number>()

/** The approvals that a return needs, each asked for in its turn; null when a manager did not give one. */
export async function wordsFor(order_no: string, preview: ReturnPreview): Promise<number[] | null> {
  const ids: number[] = []
  for (const action of preview.approvals) {
    const key = `${action} ${order_no} ${preview.refund_fen}`
    const known = given.get(key)
    const id = known ?? (await ask(action, order_no, preview))
    if (id === null) return null
    given.set(key, id)
    ids.push(id)
  }
  return ids
}

/** What was given for a sale is used up, or good for nothing any more. */
export function forgetWords(order_no: string): void {
  for (const key of given.keys()) if (key.includes(` ${order_no} `)) given.delete(key)
}

async function ask(
  action: ReturnPreview['approvals'][number],
  order_no: string,
  preview: ReturnPreview,
): Promise<number | null> {
  const late = t('return.late', {
    days: preview.window.days,
    at: dateOf(preview.window.until),
  })
  const said =
    action === 'late_return' ? late : t('return.needsManager', { n: preview.points_deficit })
  const word = await useApproval().ask({
    action,
    subject: `order:${order_no}`,
    what: { before_fen: 0, after_fen: preview.refund_fen, said },
    reasons: ['return.reason.quality', 'return.reason.agreed', 'return.reason.goodwill'],
  })
  return word?.id ?? null
}
