import type { DeskOrder } from '@web/contract'
import { keep, kept } from '@web/kept'
import { defineStore } from 'pinia'
import { nextTick } from 'vue'

export type Paper = 58 | 80
export type Job = { kind: 'ticket' | 'labels'; order: DeskOrder; bags: number }

const PAPER = 'desk.paper'
const MARGIN_MM = 2
const MM_PER_PX = 25.4 / 96

/** A page as wide as the roll and as long as its longest piece: CSS knows no page that is as long as it must be. */
export function pageRule(paper: Paper, tallest_px: number): string {
  const height = Math.ceil(tallest_px * MM_PER_PX) + 2 * MARGIN_MM + 1
  return `@page { size: ${paper}mm ${height}mm; margin: ${MARGIN_MM}mm; }`
}

/** The pieces to be printed, as tall as they lie in the page unseen. */
function tallest(): number {
  const pieces = [...document.querySelectorAll('.paper article')]
  return Math.max(0, ...pieces.map((one) => one.getBoundingClientRect().height))
}

/** What the browser prints: a pick ticket by shelf, or a label for each bag, on thermal paper of either width. */
export const usePrinter = defineStore('printer', {
  state: () => ({ job: null as Job | null, page: '', paper: kept<Paper>(PAPER) ?? (58 as Paper) }),
  actions: {
    choose(paper: Paper): void {
      this.paper = paper
      keep(PAPER, paper)
    },

    ticket(order: DeskOrder): Promise<void> {
      return this.print({ kind: 'ticket', order, bags: 1 })
    },

    labels(order: DeskOrder): Promise<void> {
      return this.print({ kind: 'labels', order, bags: Math.max(1, order.bags) })
    },

    async print(job: Job): Promise<void> {
      this.job = job
      await nextTick()
      this.page = pageRule(this.paper, tallest())
      await nextTick()
      window.print()
    },
  },
})
