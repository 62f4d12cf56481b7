import { yuan } from '@web/money'
import type { Sealed } from '../stores/shift'
import { moment } from './papers'
import { Slip, say, type Width } from './slip'

/** A drawer that was counted, and what is still to be delivered: provisional until the server numbers it. */
export function countSlip({ shift, fen, taken_fen, unsent, at }: Sealed, width: Width): Slip {
  const slip = new Slip(width)
  slip.line(say('count'), 'title')
  slip.pair(shift.till_name, shift.staff_name)
  slip.line(moment(at))
  slip.rule()
  slip.pair(say('z_float'), yuan(shift.float_fen))
  slip.pair(say('z_counted_cash'), yuan(fen))
  if (taken_fen) slip.pair(say('z_taken'), yuan(-taken_fen))
  slip.pair(say('z_left'), yuan(fen - taken_fen))
  slip.rule()
  slip.pair(
    say('count_unsent', { n: unsent.length }),
    yuan(unsent.reduce((sum, one) => sum + one.fen, 0)),
  )
  for (const one of unsent) slip.pair(`  ${one.no}`, yuan(one.fen))
  slip.rule()
  slip.line(say('count_foot'), 'centre')
  slip.line(say('signed'))
  return slip
}
