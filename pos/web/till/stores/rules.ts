import { keep, kept } from '@web/kept'
import type * as Engine from '@web/pricing'
import { serverNow } from '@web/time'
import { defineStore } from 'pinia'
import { markRaw, toRaw } from 'vue'
import type { HandLimits } from '../offline/by-hand'
import { capped } from '../scan/tags'
import { api } from '../server'
import { type Line, useBasket } from './basket'
import { useHandOver } from './hand-over'

const EVERY_MS = 60_000

type Delivered = Engine.Delivered

interface State {
  delivered: Delivered | null
  etag: string | null
  limitsEtag: string | null
  /** The price engine, once it is loaded. */
  engine: typeof Engine | null
}

let watching = 0

/** The store's rule books and the engine that prices by them: totals before the server has answered. */
export const useRules = defineStore('rules', {
  state: (): State => ({
    delivered: kept<Delivered>('till.rules'),
    etag: null,
    limitsEtag: null,
    engine: null,
  }),
  getters: {
    /** What promotions are called, by their id. */
    names: (state): ReadonlyMap<number, string> =>
      new Map(
        (state.delivered?.books ?? []).flatMap(({ book }) =>
          book.rules.map((rule) => [rule.id, rule.name] as const),
        ),
      ),
  },
  actions: {
    /** Fetch the books now and each minute, until `stop`; without network those known last go on. */
    async watch(): Promise<void> {
      watching += 1
      const mine = watching
      this.engine ??= markRaw(await import('@web/pricing'))
      useBasket().tryAgain()
      while (mine === watching) {
        await this.refresh()
        await this.refreshLimits()
        await useHandOver().refresh()
        await new Promise((done) => setTimeout(done, EVERY_MS))
      }
    },

    /** How far a price may be changed by hand, for when there is no network. */
    async refreshLimits(): Promise<void> {
      const path = '/api/pos/rules/limits'
      const found = await api.getIfChanged<HandLimits>(path, this.limitsEtag).catch(() => null)
      if (!found) return
      this.limitsEtag = found.etag
      if (found.body) keep('till.limits', found.body)
    },

    stop(): void {
      watching += 1
    },

    async refresh(): Promise<void> {
      try {
        const { body, etag } = await api.getIfChanged<Delivered>('/api/pos/rules', this.etag)
        this.etag = etag
        if (!body) return
        this.delivered = markRaw(body)
        keep('till.rules', body)
      } catch {
        // The books known last hold until their moment is over; the server prices every sale again.
      }
    },
  },
})

/**
 * A basket by the rules in force, before coupons and points, and the book it was priced by.
 *
 * Null where that cannot be known here: a price changed by hand, no rules yet, or rules beyond their moment. A
 * promotion for a segment, or one of which a limited number is left, takes nothing off here.
 */
export function pricedAt(
  { engine, delivered }: Pick<State, 'engine' | 'delivered'>,
  lines: readonly Line[],
  tier: string | null,
  barred: readonly number[],
  now_ms = serverNow(),
): { priced: Engine.Priced; book: Engine.RuleBook } | null {
  if (!engine || !delivered || lines.length === 0 || lines.some((line) => line.hand)) return null
  const book = engine.bookAt(delivered, now_ms)
  if (!book) return null
  const goods = lines.map(({ sku_id, category_id, qty, weighed, steps, price_fen }, n) => {
    const more = toRaw(steps) ?? []
    return {
      line_no: n + 1,
      sku_id,
      category_id: category_id ?? 0,
      qty,
      weighed,
      steps: more[0]?.[0] === 1 ? more : ([[1, price_fen], ...more] as const),
    }
  })
  const here = engine.hereAt(delivered, 'till', now_ms, { tier, segment_ids: [] })
  const wish = { coupon_ids: [], barred: [...barred], required: [] }
  const priced = engine.price(goods, book, here, { wish })
  return priced && { priced, book }
}

/** What each line costs by `pricedAt`, in the order of the lines: what is shown before the server has answered. */
export const netsAt = (...asked: Parameters<typeof pricedAt>): readonly number[] | null =>
  pricedAt(...asked)?.priced.nets_fen.map((fen, at) => capped(asked[1][at] as Line, fen)) ?? null
