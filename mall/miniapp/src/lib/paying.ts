import { mall } from '../api/mall'
import type { Paid } from '../platform/types'
import { platform } from '../platform'

/** Open the payment of an order and let the person pay; 'away' when the page is being left for it. */
export async function payFor(order_id: number): Promise<Paid> {
  return platform.pay(await mall.pay(order_id))
}
