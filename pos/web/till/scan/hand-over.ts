import { HANDED_OVER } from '@web/handed-over'
import { t } from '@web/i18n'
import { keep } from '@web/kept'
import { useAlone } from '../stores/alone'
import { useCounter } from '../stores/counter'
import { useHandOver } from '../stores/hand-over'

/**
 * What a customer fetches is handed over at the desk, which opens at the code; in no address, for those are kept.
 * Without network the desk knows nothing: then it is handed over here.
 */
export function handOver(code: string): void {
  if (useAlone().isAlone) return handOverAlone(code)
  keep(HANDED_OVER, { code, at: Date.now() })
  window.open('/desk/', 'tongdian-desk')
  useCounter().say('info', t('echo.pickup'))
}

export function handOverAlone(code = ''): void {
  useHandOver().begin(code)
  useCounter().sheet = 'pickup'
}
