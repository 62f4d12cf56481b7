import { Refused } from '@web/api'
import { t } from '@web/i18n'
import { play } from '@web/sounds'
import { dateOf, day, serverNow } from '@web/time'
import { useAlone } from '../stores/alone'
import { useBasket } from '../stores/basket'
import { useCatalogue } from '../stores/catalogue'
import { useCounter } from '../stores/counter'
import { useMembers } from '../stores/members'
import { useReturns } from '../stores/returns'
import { useSale } from '../stores/sale'
import { useUnknown } from '../stores/unknown'
import { showBadge } from './badge'
import type { Scan } from './entry'
import { handOver } from './hand-over'
import type { Kind } from './kinds'
import { daysLeft } from './tags'

type Taker = (scan: Scan) => void | Promise<void>

/** Who takes a code of a kind. */
export const TAKERS: Record<Kind, Taker> = {
  memberCode: ({ code }) => useMembers().showCode(code),
  memberCard: ({ code }) => useMembers().showCard(code),
  phone: ({ code }) => useMembers().find(code),
  tail: findByTail,
  pickup: ({ code }) => handOver(code),
  badge: ({ code }) => showBadge(code),
  topUp: ({ code }) => useCounter().openTopUpBack(code.toUpperCase()),
  paper: ({ code }) => useCounter().openPaper(code.toUpperCase()),
  payment: payByCode,
  otherWallet: () => useCounter().refuse(t('echo.otherWallet')),
  receipt: bringBack,
  alone: bringBack,
  gs1: takeGoods,
  goods: takeGoods,
}

/** Four digits were typed into the box, so that is where the answer is looked for. */
async function findByTail({ code }: Scan): Promise<void> {
  const members = useMembers()
  const counter = useCounter()
  if (counter.panel === 'receipt') counter.panel = 'entry'
  await members.find(code)
  if (members.said) counter.say('error', members.said, code)
  else if (members.found.length > 1)
    counter.say('info', t('echo.whichMember', { n: members.found.length }), code)
}

/** Goods, member, payment code: nothing more is to be pressed. */
async function payByCode({ code }: Scan): Promise<void> {
  const counter = useCounter()
  if (useBasket().isEmpty) return counter.refuse(t('echo.nothingToPay'))
  const said = await useSale().payByCode(code)
  if (said) counter.refuse(said)
}

async function takeGoods({ code, times }: Scan): Promise<void> {
  const counter = useCounter()
  try {
    const item = await useCatalogue().lookUp(code, (tries) =>
      counter.say('info', t('echo.again', { tries }), code),
    )
    const left = daysLeft(item.tag, day(serverNow()))
    if (left !== null && left < 0) {
      const at = dateOf(item.tag?.expires_on ?? '')
      return counter.refuse(t('echo.expired', { name: item.name, at }), code)
    }
    counter.take(item, times, code)
  } catch (error) {
    counter.fail(error, code)
    if (error instanceof Refused && error.status === 404) useUnknown().add(code)
  }
}

/** The number of a sale: its goods may come back. Twelve digits that are none are a code that nobody knows. */
async function bringBack({ code }: Scan): Promise<void> {
  const [counter, returns, alone] = [useCounter(), useReturns(), useAlone()]
  returns.begin()
  if (alone.isAlone) {
    alone.backNo = code.toUpperCase()
    counter.sheet = 'aloneBack'
    return
  }
  counter.sheet = 'return'
  await returns.load(code.toUpperCase())
  if (returns.receipt || returns.unsure) return
  counter.sheet = null
  play('unknown')
  counter.say('error', t('echo.noSale'), code)
  if (/^\d+$/.test(code)) useUnknown().add(code)
}
