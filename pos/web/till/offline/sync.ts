import { Refused } from '@web/api'
import type { Aside, Journal, Kept, State } from './journal'

export interface Result {
  uuid: string
  state: Exclude<State, 'waiting'>
  reason: string
  order_no: string | null
}

interface Sent {
  uuid: string
  body: string
  aside?: Aside
}

/** The way to the server; both throw where no answer came. */
export interface Way {
  send: (documents: Sent[]) => Promise<Result[]>
  /** Say that all up to this number was delivered. */
  end: (seq: number) => Promise<void>
}

const BATCH = 20
const FIRST_MS = 5_000
const MOST_MS = 5 * 60_000

/** Delivers what waits, for ever: after a failure again in 5 s, then twice as long, and at least every 5 minutes. */
export class Delivery {
  private wait_ms = FIRST_MS
  private running = false
  private timer: ReturnType<typeof setTimeout> | undefined
  /** The last number of which the server heard since there is a network. */
  private told = -1

  constructor(
    private readonly journal: Journal,
    private readonly way: Way,
    private readonly onChange: (sending: boolean) => void,
  ) {}

  /** Now, for instance because there is a network again. */
  now(): void {
    this.wait_ms = FIRST_MS
    void this.run()
  }

  /** There is a network again: the server also hears where the chain ends. */
  back(): void {
    this.told = -1
    this.now()
  }

  stop(): void {
    clearTimeout(this.timer)
    this.running = true
  }

  private async run(): Promise<void> {
    if (this.running) return
    clearTimeout(this.timer)
    this.running = true
    try {
      while (await this.some());
      await this.sayEnd()
      this.wait_ms = FIRST_MS
      if (await this.askAgain()) this.later(MOST_MS)
    } catch (error) {
      // A refusal is of the sender, not of a document: signed out, or a till that is another's now.
      const factor = error instanceof Refused ? 4 : 2
      this.later(this.wait_ms)
      this.wait_ms = Math.min(MOST_MS, this.wait_ms * factor)
    } finally {
      this.running = false
      this.onChange(false)
    }
  }

  private later(ms: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.run(), ms)
  }

  private async some(): Promise<boolean> {
    const waiting = await this.journal.waiting(BATCH)
    if (waiting.length === 0) return false
    this.onChange(true)
    await this.deliver(waiting)
    return true
  }

  private async deliver(documents: Kept[]): Promise<void> {
    const results = await this.way.send(
      documents.map(({ uuid, body, aside }) => ({ uuid, body, ...(aside && { aside }) })),
    )
    for (const { uuid, state, reason, order_no } of results)
      await this.journal.settle(uuid, state, reason, order_no)
    this.told = Math.max(this.told, documents.at(-1)?.seq ?? 0)
  }

  private async sayEnd(): Promise<void> {
    const { seq } = await this.journal.end()
    if (seq <= Math.max(this.told, 0)) return
    await this.way.end(seq)
    this.told = seq
  }

  /** What was not booked is offered again: somebody may have seen to it. True while some is left. */
  private async askAgain(): Promise<boolean> {
    const rejected = await this.journal.rejected()
    for (let at = 0; at < rejected.length; at += BATCH)
      await this.deliver(rejected.slice(at, at + BATCH))
    return rejected.length > 0
  }
}
