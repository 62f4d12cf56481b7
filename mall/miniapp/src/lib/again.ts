import type { OrderLine } from '../api/contract'
import { useCart } from '../stores/cart'
import { usePlace } from '../stores/place'
import { faultOf } from './basket'
import { badge, go, toast } from './go'
import { t } from './i18n'
import { quoteSold } from './quoting'

/** What was bought goes into the cart again, gifts left out; what this store has not is said by name and left out. */
export async function buyAgain(lines: readonly OrderLine[]): Promise<void> {
  const place = usePlace()
  await place.ready()
  const bought = lines.filter((line) => !line.gift)
  const quoted = await quoteSold(place.store?.id ?? 0, bought)
  const had = (line: OrderLine) => ['short', null].includes(faultOf(line, quoted?.lines.find((one) => one.sku_id === line.sku_id)))
  const cart = useCart()
  for (const line of [...bought].reverse()) if (had(line)) cart.add(line, line.qty)
  badge(cart.count)
  const names = bought.filter((line) => !had(line)).map((line) => line.name).join(t('common.and'))
  if (bought.some(had)) {
    await go.cart()
    toast(names ? t('again.lacking', { names }) : t('again.done'))
  } else {
    toast(t('again.none', { names }))
  }
}
