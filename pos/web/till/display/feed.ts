import type { Receipt } from '@web/contract'
import { quantity, unitOf } from '@web/money'
import { onBeforeUnmount, ref, watch } from 'vue'
import { place } from '../offline/one-tab'
import { keyOf } from '../scan/tags'
import { useBasket } from '../stores/basket'
import { useCounter } from '../stores/counter'
import { useSale } from '../stores/sale'
import { useSession } from '../stores/session'
import { CHANNEL, type Message, masked, PATH, type Shown, type ShownLine } from './shown'

const NAME = 'tongdian-display'

/** The till's side: while a display is there it is told what to show, after the cashier's own screen was painted. */
export function useDisplay(): void {
  const channel = new BroadcastChannel(CHANNEL)
  const here = ref(false)
  const say = (message: Message) => channel.postMessage(message)
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind !== 'here' || place.value !== 'here') return
    here.value = true
    say({ kind: 'show', shown: shownNow() })
  }
  watch(
    () => (here.value && place.value === 'here' ? JSON.stringify(shownNow()) : ''),
    (text) => {
      if (text) setTimeout(() => say({ kind: 'show', shown: JSON.parse(text) as Shown }))
    },
    { flush: 'post' },
  )
  watch(place, () => say({ kind: 'who' }))
  onBeforeUnmount(() => channel.close())
}

/** Open the display, on the second screen where the browser tells where that is. */
export async function openDisplay(): Promise<void> {
  const place = { left: 0, top: 0, width: 1024, height: 600 }
  const screens = await window.getScreenDetails?.().catch(() => null)
  const other = screens?.screens.find((one) => one !== screens.currentScreen)
  if (other)
    Object.assign(place, {
      left: other.availLeft,
      top: other.availTop,
      width: other.availWidth,
      height: other.availHeight,
    })
  const { left, top, width, height } = place
  window.open(PATH, NAME, `popup,left=${left},top=${top},width=${width},height=${height}`)
}

function stageNow(): Shown['stage'] {
  const counter = useCounter()
  const basket = useBasket()
  if (useSession().stage !== 'sale') return 'idle'
  if (counter.panel === 'receipt' && useSale().receipt) return 'done'
  if (counter.panel === 'code') return 'code'
  if (basket.isEmpty) return basket.member ? 'sale' : 'idle'
  return counter.panel === 'pay' || counter.panel === 'pending' ? 'pay' : 'sale'
}

function shownNow(): Shown {
  const stage = stageNow()
  const { receipt } = useSale()
  const shown = stage === 'done' && receipt ? ofReceipt(receipt) : ofBasket()
  return { ...shown, stage, store: useSession().till?.store_name ?? '' }
}

type Rest = Omit<Shown, 'stage' | 'store'>

function ofReceipt(receipt: Receipt): Rest {
  const sale = useSale()
  const { list_fen, payable_fen, member, rounding_fen } = receipt
  return {
    lines: [],
    touched: -1,
    list_fen,
    saved_fen: Math.max(0, list_fen + receipt.freight_fen + rounding_fen - payable_fen),
    due_fen: payable_fen,
    counting: false,
    member: member && { name: member.name, phone: masked(member.phone), points: member.points },
    earns_points: member?.points_earned ?? 0,
    received_fen: sale.received_fen,
    change_fen: sale.change_fen,
    url: receipt.url,
    alone: receipt.alone,
  }
}

function ofBasket(): Rest {
  const basket = useBasket()
  const { quote, member } = basket
  const lines: ShownLine[] = basket.lines.map((line) => ({
    name: `${line.name} ${line.spec}`.trim(),
    qty: `${quantity(line.qty, line.weighed)} ${unitOf(line)}`,
    fen: basket.amountOf(line),
    list_fen: basket.quoted(line)?.list_fen ?? basket.amountOf(line),
    gift: false,
  }))
  const touched = basket.lines.findIndex((line) => keyOf(line) === basket.touched)
  for (const gift of basket.gifts)
    lines.push({
      name: gift.name,
      qty: String(gift.qty),
      fen: 0,
      list_fen: gift.list_fen,
      gift: true,
    })
  return {
    lines,
    touched,
    list_fen: quote?.list_fen ?? basket.shownPayable,
    saved_fen: basket.isPriced ? basket.saved_fen : 0,
    due_fen: basket.shownPayable,
    counting: !basket.isEmpty && !basket.isPriced,
    member: member && { name: member.name, phone: masked(member.phone), points: member.points },
    earns_points: (basket.isPriced && quote?.earns_points) || 0,
    received_fen: 0,
    change_fen: 0,
    url: null,
    alone: quote?.alone ?? false,
  }
}
