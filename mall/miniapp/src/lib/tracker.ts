import { Refused } from '../api/api'
import { keep, kept } from './kept'
import { requestId } from './request-id'

/** What a person may be seen to do; orders and payments are the server's to know. */
export type Kind =
  | 'app_show'
  | 'page_view'
  | 'page_leave'
  | 'product_impression'
  | 'product_view'
  | 'search'
  | 'cart_change'
  | 'checkout_step'
  | 'coupon_event'
  | 'share'

/** Where a product was shown: the list, and which of it. */
export interface Spot {
  slot: string
  position: number
  /** What chose the list, where the server says so. */
  model?: string
}

export interface Fields extends Partial<Spot> {
  store_id?: number
  page?: string
  from_page?: string
  product_id?: number
  sku_id?: number
  keyword?: string
  results?: number
  rank?: number
  active_ms?: number
  qty?: number
  step?: string
}

export interface TrackedEvent extends Fields {
  id: string
  kind: Kind
  at: string
  visit_id: string
  scene?: string
}

export interface EventBatch {
  anon_id: string
  sent_at: string
  consent_version: string | null
  app_version: string
  events: TrackedEvent[]
}

export interface Wires {
  send(batch: EventBatch): Promise<unknown>
  /** The phone's clock, and how far the server's is ahead of it, in ms. */
  now(): number
  ahead(): number
  store(): number | null
  version: string
}

interface Visit {
  id: string
  last: number
  scene: string | undefined
}

interface Look {
  page: string
  ms: number
  at: number
  visit_id: string
}

/** Before it is known whether anybody agreed: in memory only, and gone when they did not. */
interface Waiting {
  kind: Kind
  fields: Fields
  at: number
  visit_id: string
  scene: string | undefined
}

export const BATCH = 50
const HELD = 500
const GAP_MS = 30 * 60_000
const BEAT_MS = 15_000
const [WAIT_MS, LONGEST_WAIT_MS] = [5_000, 300_000]

/**
 * What is done in the mall, told to the shop in batches if the person agreed.
 *
 * The queue lies in the phone's storage until the server has answered for it; an event keeps its id and moment, so
 * whatever is sent twice is known.  Nothing is kept or sent before the consent is known to be given.
 */
export class Tracker {
  private queue: TrackedEvent[] = kept<TrackedEvent[]>('track_queue') ?? []
  private waiting: Waiting[] = []
  private allowed: boolean | null = null
  private consentVersion: string | null = null
  private visit: Visit | null = kept<Visit>('track_visit')
  private look: (Look & { since: number }) | null = null
  private came = ''
  private readonly seen = new Set<string>()
  private readonly spots = new Map<number, Spot>()
  private sending: Promise<void> | null = null
  private failures = 0
  private notBefore = 0

  constructor(private readonly wires: Wires) {}

  /** The person's answer to the text in force: only from a yes on is anything kept or sent. */
  answered(given: boolean, version: string): void {
    this.allowed = given
    this.consentVersion = version
    const waiting = this.waiting
    this.waiting = []
    if (!given) return this.drop()
    const cut = kept<Look>('track_look')
    keep('track_look', null)
    if (cut) this.put('page_leave', { page: cut.page, active_ms: cut.ms }, cut.at, cut.visit_id, undefined)
    for (const one of waiting) this.put(one.kind, one.fields, one.at, one.visit_id, one.scene)
  }

  /** Nobody is known to have agreed until they are asked again; what is queued stays theirs. */
  unknown(): void {
    this.allowed = null
  }

  /** Another person, or one who takes the yes back: nothing of before is kept, and the device has a new number. */
  forget(): void {
    this.allowed = null
    this.waiting = []
    this.drop()
    this.visit = null
    this.seen.clear()
    this.spots.clear()
    for (const name of ['track_visit', 'track_anon']) keep(name, null)
  }

  anon(): string {
    const known = kept<string>('track_anon') ?? requestId()
    keep('track_anon', known)
    return known
  }

  /** Something was done or shown, now. */
  note(kind: Kind, fields: Fields = {}): void {
    if (this.allowed === false) return
    const store = this.wires.store()
    const all: Fields = store === null ? fields : { store_id: store, ...fields }
    const at = this.wires.now()
    const visit = this.visitAt(at)
    if (this.allowed) this.put(kind, all, at, visit.id, visit.scene)
    else if (this.waiting.length < HELD) this.waiting.push({ kind, fields: all, at, visit_id: visit.id, scene: visit.scene })
  }

  /** The app came to the front, perhaps by a scanned code, which begins a visit of its own. */
  appShown(scene?: string): void {
    if (scene && scene !== this.visit?.scene) this.visit = null
    const visit = this.visitAt(this.wires.now())
    if (scene) visit.scene = scene
    this.note('app_show')
  }

  /** A page is in front. */
  arrived(page: string): void {
    if (this.look?.page === page) return
    this.left()
    this.note('page_view', this.came ? { page, from_page: this.came } : { page })
    this.came = page
    const at = this.wires.now()
    this.look = { page, ms: 0, at, since: at, visit_id: this.visitAt(at).id }
  }

  /** The page in front is no longer looked at. */
  left(): void {
    this.beat()
    const look = this.look
    this.look = null
    if (this.allowed) keep('track_look', null)
    if (look) this.note('page_leave', { page: look.page, active_ms: look.ms })
  }

  /** Every 15 s in the foreground: a phone that slept in between looked at nothing. */
  beat(): void {
    if (!this.look) return
    const now = this.wires.now()
    this.look.ms += Math.min(Math.max(now - this.look.since, 0), 2 * BEAT_MS)
    this.look.since = now
    this.look.at = now
    const { since: _, ...cut } = this.look
    if (this.allowed) keep('track_look', cut)
  }

  /** A product was shown at a place: once a visit. */
  shown(product_id: number, spot: Spot): void {
    const visit = this.visitAt(this.wires.now())
    const key = `${visit.id} ${spot.slot} ${product_id}`
    if (this.allowed === false || this.seen.has(key)) return
    this.seen.add(key)
    this.note('product_impression', { product_id, ...spot })
  }

  /** A product was chosen at a place: what is done with it next is due to that place. */
  chose(product_id: number, spot: Spot): void {
    this.spots.set(product_id, spot)
  }

  spotOf(product_id: number): Partial<Spot> {
    return this.spots.get(product_id) ?? {}
  }

  /** Send what is queued; later again when the server does not answer. */
  flush(): Promise<void> {
    this.sending ??= this.sendAll().finally(() => {
      this.sending = null
    })
    return this.sending
  }

  private async sendAll(): Promise<void> {
    while (this.allowed && this.queue.length && this.wires.now() >= this.notBefore) {
      const events = this.queue.slice(0, BATCH)
      const sent_at = this.moment(this.wires.now())
      const consent_version = this.consentVersion
      const batch = { anon_id: this.anon(), sent_at, consent_version, app_version: this.wires.version, events }
      try {
        await this.wires.send(batch)
        this.failures = 0
        this.taken(events)
      } catch (error) {
        this.refused(error, events)
        return
      }
    }
  }

  private refused(error: unknown, events: TrackedEvent[]): void {
    if (error instanceof Refused) {
      if (error.code === 'clock_differs') {
        // The answer told the server's time; nothing was taken, so these moments may still be set right.
        const off = Number(error.facts['now_ms']) - this.wires.now() - this.wires.ahead()
        for (const one of this.queue) one.at = new Date(Date.parse(one.at) + off).toISOString()
        keep('track_queue', this.queue)
      } else if (error.code === 'behaviour_not_agreed') {
        this.allowed = false
        this.drop()
      } else if (error.status === 422 || error.status === 413) {
        this.taken(events) // it would be refused for ever
      }
    }
    this.failures += 1
    this.notBefore = this.wires.now() + Math.min(WAIT_MS * 2 ** (this.failures - 1), LONGEST_WAIT_MS)
  }

  private taken(events: TrackedEvent[]): void {
    const ids = new Set(events.map((one) => one.id))
    this.queue = this.queue.filter((one) => !ids.has(one.id))
    keep('track_queue', this.queue.length ? this.queue : null)
  }

  private put(kind: Kind, fields: Fields, at: number, visit_id: string, scene: string | undefined): void {
    const event: TrackedEvent = { id: requestId(), kind, at: this.moment(at), visit_id, ...fields }
    if (scene) event.scene = scene
    this.queue = [...this.queue, event].slice(-HELD)
    keep('track_queue', this.queue)
    if (this.queue.length >= BATCH) void this.flush()
  }

  private moment(at: number): string {
    return new Date(at + this.wires.ahead()).toISOString()
  }

  private visitAt(at: number): Visit {
    if (!this.visit || at - this.visit.last > GAP_MS) {
      this.visit = { id: requestId(), last: at, scene: undefined }
      this.came = ''
      this.seen.clear()
    }
    this.visit.last = at
    if (this.allowed) keep('track_visit', this.visit)
    return this.visit
  }

  private drop(): void {
    this.queue = []
    for (const name of ['track_queue', 'track_look']) keep(name, null)
  }
}
