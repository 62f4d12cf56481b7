import { Refused, sentence } from '@web/api'
import { t } from '@web/i18n'
import { api } from '../server'
import { useCounter } from '../stores/counter'
import { useSession } from '../stores/session'

/** A colleague shows their badge: their PIN is asked next. Without network the PIN alone says whether they are. */
export async function showBadge(code: string): Promise<void> {
  const session = useSession()
  const said = await whoseBadge(code)
  if (typeof said === 'string') useCounter().refuse(said)
  else session.lockFor(said)
}

export async function whoseBadge(code: string): Promise<number | string> {
  const named = Number(code.split('.')[2])
  try {
    return (await api.write<{ staff_id: number }>('/api/pos/badge', { code })).staff_id
  } catch (error) {
    if (error instanceof Refused) return sentence(error)
    const here = useSession().colleagues.some((one) => one.id === named)
    return here ? named : t('badge.nobody')
  }
}
