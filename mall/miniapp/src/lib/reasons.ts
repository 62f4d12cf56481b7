import type { Reason } from '../api/contract-recommend'
import { t } from './i18n'

/** Why a product is recommended, in words. */
export function reasonWords({ kind, name, days }: Reason): string {
  if (kind === 'with') return t('recommend.with', { name })
  if (kind === 'usual') return days ? t('recommend.usual', { n: days }) : t('recommend.once')
  if (kind === 'pending') return days ? t('recommend.pending', { n: days }) : t('recommend.pending_today')
  return t('recommend.popular')
}
