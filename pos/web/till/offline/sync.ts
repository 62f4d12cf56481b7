import { Refused } from '@web/api'
import type { Journal, State } from './journal'

export interface Result {
  uuid: string
  state: Exclude<State, 'waiting'>
  reason: string
  order_no: string | null
}

/** Hand over documents; throws where no answer came. */
export type Send = (documents: { uuid: string; body: string }[]) => Promise<Result[]>

const BATCH = 20
const FIRST_MS = 5_000
const MOST_MS = 5 * 60_000

/** Delivers what waits, for ever: after a failure again in 5 s, then twice as long, and at least every 5 minutes. */
export class Delivery {
  private wait_ms = FIRST_MS
  private running = false
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly journal: Journal,
    private readonly send: Send,
    private readonly onChange: (sending: boolean) => void,
  ) {}

  /** Now, for instance because there is a network again. */
  now(): void {
    this.wait_ms = FIRST_MS
    void this.run()
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
      this.wait_ms = FIRST_MS
    } catch (error) {
      // A refusal is of the sender, not of a document: signed out, or a till that is another's now.
      const factor = error instanceof Refused ? 4 : 2
      this.timer = setTimeout(() => void this.run(), this.wait_ms)
      this.wait_ms = Math.min(MOST_MS, this.wait_ms * factor)
    } finally {
      this.running = false
      this.onChange(false)
    }
  }

  private async some(): Promise<boolean> {
    const waiting = await this.journal.waiting(BATCH)
    if (waiting.length === 0) return false
    this.onChange(true)
    const results = await this.send(waiting.map(({ uuid, body }) => ({ uuid, body })))
    for (const { uuid, state, reason, order_no } of results)
      await this.journal.settle(uuid, state, reason, order_no)
    return true
  }
}
