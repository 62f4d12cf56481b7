import { Refused, sentence } from '@web/api'
import type { Receipt, ReturnPaper } from '@web/contract'
import { t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { requestId } from '@web/request-id'
import { serverNow } from '@web/time'
import { defineStore } from 'pinia'
import { useCounter } from '../stores/counter'
import { useSession } from '../stores/session'
import type { Sealed } from '../stores/shift'
import { copyOf, tellCopies } from './copies'
import { choose, sender, type Way, whenPlugged } from './device'
import type { Width } from './slip'

export interface Settings {
  way: Way
  width: Width
  /** Print by itself after a sale. */
  auto: boolean
  baudRate: number
}

/** A paper that is to come out: a sale's receipt and a return without network are made here, others by the server under their path. */
export type Paper = { no: string } & (
  | { receipt: Receipt }
  | { back: ReturnPaper }
  | { path: string }
  | { count: Sealed }
  | { test: { store: string; at: string } }
)
/** `id` is also the request that counts it. */
export type Job = Paper & { id: string }

interface State {
  settings: Settings
  /** Whether the last bytes went through; null while nothing was sent yet. */
  works: boolean | null
  queue: Job[]
  /** Sales whose original came out here: what is printed of them again is a copy. */
  printed: string[]
  /** Documents for which the drawer was opened. */
  kicked: string[]
}

const DEFAULT: Settings = { way: 'browser', width: 80, auto: false, baudRate: 9600 }
const AGAIN_MS = 5000
const MOST = 100
/** What is more than these can be printed again by its number. */
const MOST_WAITING = 300

let running = false
let again = 0

/** Everything that comes out on paper at this till, in its order; what does not come out waits, and never a sale. */
export const usePrinter = defineStore('printer', {
  state: (): State => ({
    settings: { ...DEFAULT, ...kept<Partial<Settings>>('till.printer') },
    works: null,
    queue: kept<Job[]>('till.papers') ?? [],
    printed: kept<string[]>('till.printed') ?? [],
    kicked: kept<string[]>('till.kicked') ?? [],
  }),
  getters: {
    byBrowser: (state): boolean => state.settings.way === 'browser',
    isDown: (state): boolean => state.works === false,
  },
  actions: {
    start(): void {
      whenPlugged(() => this.tryNow())
      if (this.queue.length > 0) this.tryNow()
      const later = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 500))
      later(() => void import('./render').then((render) => render.warm()))
    },

    set(settings: Partial<Settings>): void {
      this.settings = { ...this.settings, ...settings }
      keep('till.printer', this.settings)
    },

    /** Another printer, or the browser: chosen printers are remembered, so the choice is asked for once. */
    async use(way: Way): Promise<void> {
      if (way !== 'browser' && !(await choose(way))) return
      this.set({ way, auto: way !== 'browser' })
      this.works = null
      this.tryNow()
    },

    /** A document is written and safe: open the drawer if cash moved, once, and print it if papers come by themselves. */
    after(paper: Paper, cash_fen: number): void {
      if (cash_fen !== 0) void this.kick(paper.no)
      if (this.settings.auto) this.print(paper)
    },

    /** Once a document, however often it is shown: noted before it is done, so that no reload opens it again. */
    async kick(no: string): Promise<void> {
      if (this.kicked.includes(no)) return
      this.kicked = [...this.kicked, no].slice(-MOST)
      keep('till.kicked', this.kicked)
      await this.openDrawer()
    },

    /** Open the drawer that hangs on the printer; the caller has seen to it that somebody may. */
    async openDrawer(): Promise<void> {
      if (this.byBrowser) return
      const { KICK } = await import('./render')
      try {
        await this.send(KICK)
      } catch {
        useCounter().say('error', t('print.drawerShut'))
      }
    },

    /** The first time the original, later a copy with its number. */
    async printSale(no: string, receipt: Receipt | null): Promise<void> {
      if (receipt && !this.printed.includes(receipt.no)) return this.print({ no, receipt })
      try {
        const by = useSession().staff?.name ?? ''
        this.print({ no, receipt: await copyOf(no, receipt, by) })
      } catch (error) {
        useCounter().say('error', sentence(error))
      }
    },

    print(paper: Paper): void {
      if ('receipt' in paper) {
        this.printed = [...this.printed, paper.receipt.no].slice(-MOST)
        keep('till.printed', this.printed)
      }
      this.queue = [...this.queue, { ...paper, id: requestId() }].slice(-MOST_WAITING)
      this.keepQueue()
      this.tryNow()
    },

    /** A paper that nobody wants any more. */
    drop(id: string): void {
      this.queue = this.queue.filter((job) => job.id !== id)
      this.keepQueue()
    },

    keepQueue(): void {
      keep('till.papers', this.queue.length > 0 ? this.queue : null)
    },

    tryNow(): void {
      clearTimeout(again)
      if (running) return
      running = true
      void this.run().finally(() => {
        running = false
      })
    },

    /** Bring out what waits, one after another; where it does not go, try again until it does. */
    async run(): Promise<void> {
      const render = await import('./render')
      for (let job = this.queue[0]; job; job = this.queue[0]) {
        try {
          if (this.byBrowser) await render.byBrowser(job, this.settings.width)
          else await this.send(await render.bytesOf(job, this.settings.width))
        } catch (error) {
          if (!(error instanceof Refused)) {
            again = window.setTimeout(() => this.tryNow(), AGAIN_MS)
            return
          }
          useCounter().say('error', sentence(error))
        }
        this.drop(job.id)
      }
      void tellCopies()
    },

    async send(bytes: Uint8Array): Promise<void> {
      const { way, baudRate } = this.settings
      if (way === 'browser') return
      try {
        await sender(way, baudRate)(bytes)
        this.works = true
      } catch (error) {
        this.works = false
        throw error
      }
    },

    testPage(): void {
      const store = useSession().till?.store_name ?? ''
      const test = { store, at: new Date(serverNow()).toISOString() }
      this.print({ no: t('print.test'), test })
    },
  },
})

/** The cash among payments or refunds. */
export const cashIn = (parts: readonly { kind: string; amount_fen: number }[]): number =>
  parts.reduce((sum, one) => sum + (one.kind === 'cash' ? one.amount_fen : 0), 0)
