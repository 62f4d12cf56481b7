import type { DeskOrder } from '@web/contract'
import { keep, kept } from '@web/kept'
import { defineStore } from 'pinia'
import { nextTick } from 'vue'

export type Paper = 58 | 80
export type Job = { kind: 'ticket' | 'labels'; order: DeskOrder; bags: number }

const PAPER = 'desk.paper'

/** What the browser prints: a pick ticket by shelf, or a label for each bag, on thermal paper of either width. */
export const usePrinter = defineStore('printer', {
  state: () => ({ job: null as Job | null, paper: kept<Paper>(PAPER) ?? (58 as Paper) }),
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
      window.print()
    },
  },
})
