import type { Card } from '../api/contract'
import { useCart } from '../stores/cart'
import { badge, toast } from './go'
import { t } from './i18n'
import { stepOf } from './money'

/** Put one step of a card's goods into the cart, and say so. */
export function addCard(card: Card): void {
  const cart = useCart()
  cart.add(card, stepOf(card.weighed))
  badge(cart.count)
  toast(t('product.added'))
}
