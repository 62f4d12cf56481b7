import { type Key, t } from '@web/i18n'
import { play } from '@web/sounds'
import { nextTick } from 'vue'
import { openDisplay } from '../display/feed'
import { useElsewhere } from '../elsewhere/store'
import { openWithoutSale } from '../print/drawer'
import { usePrinter } from '../print/printer'
import { handOverAlone } from '../scan/hand-over'
import { keyOf } from '../scan/tags'
import type { Sheet } from '../sheets'
import { useAlone } from '../stores/alone'
import { useApproval } from '../stores/approval'
import { useBasket } from '../stores/basket'
import { useCounter } from '../stores/counter'
import { useExchange } from '../stores/exchange'
import { useHeld } from '../stores/held'
import { useMembers } from '../stores/members'
import { useReturns } from '../stores/returns'
import { useSale } from '../stores/sale'
import { useSellers } from '../stores/sellers'
import { useSession } from '../stores/session'
import { useVoids } from '../stores/voids'
import { focusBox } from '.'
import type { ActionName } from './presets'

export interface Action {
  name: ActionName
  label: Key
  /** In words why it cannot be done now; empty when it can. */
  off?: () => string
  run: () => void
  /** Also while money is being decided about. */
  always?: boolean
  /** A manager is asked for each time: the key is alive, and drawn with a lock. */
  asks?: boolean
}

const noGoods = (): string => (useBasket().isEmpty ? t('echo.scanFirst') : '')
const noMember = (): string => (useBasket().member ? '' : t('key.memberFirst'))

/** F7 is whatever goes back: goods, from the top-up sheet a top-up, and in the return sheet goods for others. */
function takeBack(): void {
  const counter = useCounter()
  const returns = useReturns()
  if (counter.sheet === 'topup') return counter.openTopUpBack()
  if (useAlone().isAlone) {
    counter.sheet = 'aloneBack'
    return
  }
  if (counter.sheet === 'return' && returns.form && !returns.done) return useExchange().begin()
  if (useExchange().isOn) useExchange().cancel()
  else returns.begin()
  counter.sheet = 'return'
}

function reprint(): void {
  const { lastNo, receipt } = useSale()
  void usePrinter().printSale(lastNo, receipt?.no === lastNo ? receipt : null)
}

async function findMember(): Promise<void> {
  const counter = useCounter()
  if (counter.panel === 'receipt') counter.panel = 'entry'
  await nextTick()
  document.querySelector<HTMLInputElement>('[data-testid="member-input"]')?.focus()
}

function findGoods(): void {
  useCounter().findByName()
  focusBox()
}

function less(): void {
  const line = useBasket().selected
  if (line && !line.weighed) useBasket().setQuantity(keyOf(line), line.qty - 1)
}

function remove(): void {
  const line = useBasket().selected
  if (line) useBasket().remove(keyOf(line))
}

/** The store's other work, in a window of its own: the sale stays as it is. */
function openDesk(at = ''): void {
  window.open(`/desk/${at}`, 'tongdian-desk')
}

/** A cashier has no desk: said here, where a colleague can take over by PIN, and not at a log-in form there. */
function noDesk(): string {
  const staff = useSession().staff
  // Who was let in without network shows no permissions.
  return staff?.permissions?.includes('desk.read')
    ? ''
    : t('desk.mayNot', { name: staff?.name ?? '' })
}

function back(): void {
  useMembers().forget()
  useCounter().back()
  focusBox()
}

function show(sheet: Sheet): void {
  const counter = useCounter()
  counter.sheet = counter.sheet === sheet ? null : sheet
}

/** Everything a cashier can do, in the order of the sheet that lists it.  The keys of each stand in `presets.ts`. */
export const ACTIONS: readonly Action[] = [
  { name: 'keys', label: 'key.keys', run: () => show('keys'), always: true },
  { name: 'member', label: 'key.member', run: () => void findMember() },
  { name: 'find', label: 'key.find', run: findGoods },
  {
    name: 'points',
    label: 'key.points',
    off: () => noGoods() || noMember(),
    run: () => useCounter().openPanel('points'),
  },
  {
    name: 'coupons',
    label: 'key.coupons',
    off: () => noGoods() || noMember(),
    run: () => useCounter().openCoupons(),
  },
  {
    name: 'hold',
    label: 'key.hold',
    off: () => (useExchange().isOn ? t('exchange.noHold') : ''),
    run: () => useHeld().hold(),
  },
  { name: 'held', label: 'key.held', run: () => void useHeld().open() },
  { name: 'seller', label: 'key.seller', off: noGoods, run: () => void useSellers().open() },
  { name: 'note', label: 'key.note', off: noGoods, run: () => show('note') },
  { name: 'void', label: 'key.void', off: noGoods, run: () => void useVoids().begin() },
  { name: 'return', label: 'key.return', run: takeBack },
  {
    name: 'pay',
    label: 'key.pay',
    off: () => (useBasket().isEmpty ? t('echo.nothingToPay') : ''),
    run: () => useCounter().openPay(),
  },
  {
    name: 'stored',
    label: 'key.topUp',
    off: () => (useBasket().member ? '' : t('echo.topUpFirst')),
    run: () => useCounter().openTopUp(),
  },
  { name: 'elsewhere', label: 'key.elsewhere', run: () => useElsewhere().open() },
  { name: 'desk', label: 'key.desk', off: noDesk, run: () => openDesk(), always: true },
  {
    name: 'labels',
    label: 'key.labels',
    off: noDesk,
    run: () => openDesk('#labels'),
    always: true,
  },
  {
    name: 'discount',
    label: 'key.discount',
    off: noGoods,
    run: () => useCounter().openPanel('discount'),
  },
  { name: 'less', label: 'key.less', off: noGoods, run: less },
  { name: 'delete', label: 'key.delete', off: noGoods, run: remove },
  { name: 'up', label: 'key.up', off: noGoods, run: () => useBasket().choose(-1) },
  { name: 'down', label: 'key.down', off: noGoods, run: () => useBasket().choose(1) },
  {
    name: 'pickup',
    label: 'handOver.title',
    off: () => (useAlone().isAlone ? '' : t('handOver.atDesk')),
    run: () => handOverAlone(),
  },
  { name: 'paper', label: 'key.paper', off: noMember, run: () => useCounter().openPaper() },
  { name: 'why', label: 'why.open', off: noGoods, run: () => useCounter().openWhy() },
  {
    name: 'reprint',
    label: 'key.reprint',
    off: () => (useSale().lastNo ? '' : t('key.nothingSold')),
    run: reprint,
    always: true,
  },
  { name: 'display', label: 'display.open', run: () => void openDisplay(), always: true },
  { name: 'drawer', label: 'drawer.open', run: () => void openWithoutSale(), asks: true },
  { name: 'printer', label: 'print.settings', run: () => show('printer'), always: true },
  { name: 'shift', label: 'key.shift', run: () => show('shift') },
  { name: 'status', label: 'status.title', run: () => show('status'), always: true },
  { name: 'settings', label: 'key.settings', run: () => show('settings'), always: true },
  { name: 'cashMove', label: 'key.cashMove', run: () => show('cash') },
  { name: 'back', label: 'key.back', run: back, always: true },
]

/** Why an action cannot be done now, in words; empty when it can. */
export function whyNot(action: Action): string {
  if (useApproval().wanted) return t('approval.open')
  if (useCounter().isDeciding && !action.always) return t('key.deciding')
  return action.off?.() ?? ''
}

/** What is written under an action: why it cannot be done, or that a manager is asked. */
export function noteOf(action: Action): string {
  return whyNot(action) || (action.asks ? t('key.asksManager') : '')
}

/** Do it, or say and sound why not. */
export function act(action: Action): void {
  const why = whyNot(action)
  if (!why) return action.run()
  play('blocked')
  useCounter().say('error', why)
}

/** For `useKeys` of the screen. */
export function doers(): Partial<Record<ActionName, () => void>> {
  return Object.fromEntries(ACTIONS.map((action) => [action.name, () => act(action)]))
}
