import { HANDED_OVER } from '@web/handed-over'
import { t } from '@web/i18n'
import { keep } from '@web/kept'
import { useCounter } from '../stores/counter'

/** What a customer fetches is handed over at the desk, which opens at the code; in no address, for those are kept. */
export function handOver(code: string): void {
  keep(HANDED_OVER, { code, at: Date.now() })
  window.open('/desk/', 'tongdian-desk')
  useCounter().say('info', t('echo.pickup'))
}
