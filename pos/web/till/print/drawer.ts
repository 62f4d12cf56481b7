import { sentence } from '@web/api'
import { t } from '@web/i18n'
import { requestId } from '@web/request-id'
import { play } from '@web/sounds'
import type { Link, Place } from '../offline/document'
import { api } from '../server'
import { useAlone } from '../stores/alone'
import { useApproval, type Word } from '../stores/approval'
import { useCounter } from '../stores/counter'
import { useSession } from '../stores/session'
import { usePrinter } from './printer'

const REASONS = ['drawer.change', 'drawer.notes', 'drawer.check'] as const

interface DrawerOpened extends Link {
  kind: 'drawer'
  approver_id: number
  reason: string
}

/** Open the drawer without a sale: a manager says so, it is written down, and only then it opens. */
export async function openWithoutSale(): Promise<void> {
  const subject = `till:${useSession().till?.id ?? 0}`
  const word = await useApproval().ask({ action: 'no_sale', subject, reasons: REASONS })
  if (!word) return
  const refused = await writtenDown(word)
  if (refused) {
    play('blocked')
    return useCounter().say('error', refused)
  }
  useCounter().say('ok', t('drawer.opened'))
  await usePrinter().openDrawer()
}

/** In words why not; empty when it is in the journal, or without network in this device's chain. */
async function writtenDown({ id, approver_id, reason }: Word): Promise<string> {
  if (id === null) {
    const make = (place: Place): DrawerOpened => ({ ...place, kind: 'drawer', approver_id, reason })
    const written = await useAlone().write(make, requestId())
    return typeof written === 'string' ? written : ''
  }
  try {
    await api.write('/api/pos/drawer/open', { approval_ids: [id] })
    return ''
  } catch (error) {
    return sentence(error)
  }
}
