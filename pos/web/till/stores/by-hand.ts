import type { ByHand, Quote } from '@web/contract'
import { type Key, t } from '@web/i18n'
import { yuan } from '@web/money'
import { defineStore } from 'pinia'
import { keyOf } from '../scan/tags'
import { useAlone } from './alone'
import { useApproval } from './approval'
import { useBasket } from './basket'

const REASONS: readonly Key[] = [
  'discount.reason.near_expiry',
  'discount.reason.damaged',
  'discount.reason.price_match',
  'discount.reason.goodwill',
]

/** What is made cheaper by hand: priced first, and above the role's limits only by a manager's word. */
export const useByHand = defineStore('byHand', {
  actions: {
    /** A line cheaper, or as it was; says why when it stays as it is. */
    async ofLine(key: number, hand?: ByHand): Promise<string> {
      const basket = useBasket()
      const line = basket.lines.find((one) => keyOf(one) === key)
      if (!line) return ''
      const before = line.hand
      return this.tried(
        () => Object.assign(line, { hand }),
        () => Object.assign(line, { hand: before }),
      )
    },

    /** So much off the whole order; says why when it stays as it is. */
    async ofAll(discount_fen: number): Promise<string> {
      const basket = useBasket()
      const before = basket.discount_fen
      return this.tried(
        () => Object.assign(basket, { discount_fen }),
        () => Object.assign(basket, { discount_fen: before }),
      )
    },

    async tried(change: () => void, back: () => void): Promise<string> {
      const basket = useBasket()
      change()
      basket.changed()
      await basket.settled()
      const refused =
        basket.pricing === 'failed' || basket.said ? basket.said : await this.allowed()
      if (!refused) return ''
      back()
      basket.changed()
      return refused
    },

    /** Ask a manager where the quote says one is needed; says why when nobody agreed. */
    async allowed(): Promise<string> {
      const basket = useBasket()
      const over = basket.isPriced ? basket.quote?.needs_approval : null
      if (!over || !basket.quote) return ''
      const said = t('discount.manager', { amount: yuan(over.max_fen) })
      const tooMuch = basket.quote.alone ? useAlone().aboveManager() : null
      if (tooMuch) return t('alone.handTooMuch', { amount: yuan(tooMuch.max_fen) })
      const what = { ...whatOf(basket.quote), said }
      const wanted = { action: over.action, subject: 'basket', what, reasons: REASONS }
      const word = await useApproval().ask(wanted)
      if (!word) return said
      if (word.id) basket.approvals.push(word.id)
      const { approver_id, reason } = word
      basket.word = { approver_id, reason, off_fen: basket.quote.discount_fen }
      basket.remember()
      return ''
    },

    /** What a manager approved is over, or was never asked for: the sale waits until they are asked again. */
    async askAgain(): Promise<void> {
      const basket = useBasket()
      basket.approvals = []
      basket.word = null
      await basket.settled()
      await this.allowed()
    },
  },
})

/** The sums, and the lines that are cheaper by hand. */
function whatOf(quote: Quote) {
  const { payable_fen, discount_fen } = quote
  const lines = quote.lines.flatMap((line) => {
    const off_fen = line.allocations
      .filter((share) => share.source === 'manual')
      .reduce((sum, share) => sum + share.amount_fen, 0)
    const { name, net_fen } = line
    return off_fen ? [{ name, before_fen: net_fen + off_fen, after_fen: net_fen }] : []
  })
  return { before_fen: payable_fen + discount_fen, after_fen: payable_fen, lines }
}
