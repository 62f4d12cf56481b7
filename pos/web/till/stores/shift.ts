import { Refused, sentence, Unreachable } from '@web/api'
import type { CashKind, CashMove, Handed, Pieces, Shift, XReport } from '@web/contract'
import { type Key, t } from '@web/i18n'
import { keep, kept } from '@web/kept'
import { yuan } from '@web/money'
import { requestId } from '@web/request-id'
import { serverNow } from '@web/time'
import { defineStore } from 'pinia'
import { openOf, sealOf, type Unsent, worth } from '../offline/shift'
import { usePrinter } from '../print/printer'
import { api } from '../server'
import { useAlone } from './alone'
import { useApproval, type Word } from './approval'
import { useCounter } from './counter'
import { useGate } from './gate'
import { useSession } from './session'

/** A count as this till wrote it down, until the server has it: `uuid` is the document's. */
export interface Sealed {
  uuid: string
  shift: Shift
  fen: number
  taken_fen: number
  unsent: Unsent[]
  at: string
}

interface Now {
  shift: Shift | null
  last: { id: number; z_no: number } | null
  held: Handed[]
  closing: Shift[]
  proposed_fen: number | null
}

interface State {
  /** Counted shifts of this drawer that have no Z yet, as the server has them. */
  closing: Shift[]
  /** Counts that wait here to be delivered. */
  sealed: Sealed[]
  /** What the last count left in the drawer. */
  proposed_fen: number | null
  /** What is put aside in the store: whoever takes the shift over has it, too. */
  held: Handed[]
  /** The last numbered Z of the drawer, to be printed again. */
  last: Now['last']
  /** Which counted shift is being dealt with, and its last state. */
  uuid: string
  done: Shift | null
  said: string
  busy: boolean
}

const KEPT = 'till.sealed'
const DAY_MS = 24 * 3600_000

let following = 0

/** Opening, counting and settling the drawer of this till. */
export const useShift = defineStore('shift', {
  state: (): State => ({
    closing: [],
    sealed: kept<Sealed[]>(KEPT) ?? [],
    proposed_fen: kept<number>('till.left'),
    last: null,
    held: [],
    uuid: '',
    done: null,
    said: '',
    busy: false,
  }),
  getters: {
    /** The count that this till has not delivered yet. */
    waiting: (state): Sealed | null =>
      state.sealed.find(({ shift }) => shift.uuid === state.uuid) ?? null,
    /** The counted shift that is being dealt with, once the server has it. */
    counted: (state): Shift | null =>
      state.done?.uuid === state.uuid
        ? state.done
        : (state.closing.find(({ uuid }) => uuid === state.uuid) ?? null),
    /** Counted shifts without a Z, wherever they are. */
    unsettled(state): { uuid: string; staff_name: string; opened_at: string }[] {
      const here = state.sealed.map(({ shift }) => shift)
      return [
        ...here,
        ...state.closing.filter(({ uuid }) => !here.some((one) => one.uuid === uuid)),
      ]
    },
  },
  actions: {
    /** How the drawer stands at the server; the open shift is the session's. */
    async load(): Promise<void> {
      const { shift, closing, proposed_fen, last, held } = await api.get<Now>('/api/pos/shift')
      // What was counted here is closed, though the server may not have heard of it.
      const sealed = this.sealed.some((one) => one.shift.uuid === shift?.uuid)
      const session = useSession()
      if (!sealed && (shift || session.shift?.id !== 0)) session.shift = shift
      Object.assign(this, { closing, last, held })
      if (this.sealed.length === 0) this.left(proposed_fen)
    },

    left(fen: number | null): void {
      this.proposed_fen = fen
      keep('till.left', fen)
    },

    async open(pieces: Pieces): Promise<string | null> {
      const uuid = requestId()
      try {
        if (this.sealed.length > 0) return await this.openAlone(uuid, pieces)
        const body = { uuid, pieces }
        const { shift } = await api.write<{ shift: Shift }>('/api/pos/shift/open', body)
        return this.begin(shift)
      } catch (error) {
        return error instanceof Unreachable ? this.openAlone(uuid, pieces) : sentence(error)
      }
    },

    /** Without network, or before the last count is delivered: written down, as the sales that follow. */
    async openAlone(uuid: string, pieces: Pieces): Promise<string | null> {
      const session = useSession()
      session.shift = bornAlone(uuid, worth(pieces), this.proposed_fen)
      const written = await useAlone().write((place) => openOf(pieces, place), requestId())
      if (typeof written !== 'string') return this.begin(session.shift)
      session.shift = null
      return written
    },

    begin(shift: Shift): null {
      const session = useSession()
      session.shift = shift
      session.remember()
      session.stage = 'sale'
      return null
    },

    /** The blind count: no more is sold in the shift, whatever the network does. */
    async count(pieces: Pieces, taken_fen: number): Promise<string | null> {
      const session = useSession()
      const { shift } = session
      if (!shift) return t('shift.none')
      const unsent = await this.unsent()
      const said = { again: false, pieces, taken_fen, unsent }
      const written = await useAlone().write((place) => sealOf(said, place), requestId())
      if (typeof written === 'string') return written
      const fen = worth(pieces)
      const at = new Date(written.at_ms).toISOString()
      this.sealed.push({ uuid: written.uuid, shift, fen, taken_fen, unsent, at })
      keep(KEPT, this.sealed)
      this.left(fen - taken_fen)
      session.shift = null
      session.remember()
      this.show(shift.uuid)
      return null
    },

    async unsent(): Promise<Unsent[]> {
      const waiting = await useAlone().pending()
      return waiting.map(({ no, payable_fen }) => ({ no, fen: payable_fen }))
    },

    /** The one recount, as blind as the first. */
    async recount(pieces: Pieces, taken_fen: number): Promise<string | null> {
      const shift = this.counted
      if (!shift) return t('shift.none')
      const session = useSession()
      const open = session.shift
      session.shift = shift
      const said = { again: true, pieces, taken_fen, unsent: await this.unsent() }
      const written = await useAlone().write((place) => sealOf(said, place), requestId())
      session.shift = open
      if (typeof written === 'string') return written
      this.left(worth(pieces) - taken_fen)
      return null
    },

    /** Deal with a counted shift: its screen follows what the server knows of it. */
    show(uuid: string): void {
      Object.assign(this, { uuid, done: null, said: '' })
      useCounter().sheet = null
      useSession().stage = 'closing'
    },

    /** What was counted is settled when all is there, also while selling goes on in the next shift; until `stop`. */
    async follow(every_ms: number): Promise<void> {
      following += 1
      const mine = following
      while (mine === following) {
        if (useSession().stage !== 'closing') this.uuid = this.unsettled[0]?.uuid ?? ''
        if (this.uuid) await this.look()
        await new Promise((done) => setTimeout(done, every_ms))
      }
    },

    stop(): void {
      following += 1
    },

    /** Once more what became of the count, and settle it where nothing is left to decide. */
    async look(): Promise<void> {
      const alone = useAlone()
      await alone.count()
      const waits = this.waiting
      if (waits) {
        const kept = await alone.became(waits.uuid)
        if (!kept || kept.state === 'waiting') return
        this.sealed = this.sealed.filter(({ uuid }) => uuid !== waits.uuid)
        keep(KEPT, this.sealed)
        if (kept.state !== 'taken') this.said = t('shift.notTaken', { no: kept.no })
      }
      if (this.done?.state === 'settled') return
      await this.load().catch(() => undefined)
      const shift = this.counted
      if (!shift || shift.missing > 0 || this.busy || useApproval().wanted) return
      if (shift.state === 'counted' && shift.differs === false) await this.keep()
      else if (shift.state === 'sealed' && isWithin(shift)) await this.settle()
    },

    /** The count stands. */
    async keep(): Promise<void> {
      await this.step('keep', {})
    },

    async settle(): Promise<void> {
      await this.step('settle', {})
    },

    /**
     * A manager says that nobody waits for what is missing, and why the count is off: two questions, each under its own
     * name, where both are to be answered.
     */
    async settleByManager(): Promise<void> {
      const shift = this.counted
      if (!shift) return
      const said = { gap: '', off: t('shift.offSaid', { fen: yuan(shift.difference_fen ?? 0) }) }
      if (shift.missing > 0) said.gap = t('shift.gapSaid', { n: shift.missing })
      const approval_ids: number[] = []
      if (said.gap) {
        const id = await this.word(shift, 'shift_gap', said.gap, GAP_REASONS)
        if (!id) return
        approval_ids.push(id)
      }
      if (!isWithin(shift)) {
        const id = await this.word(shift, 'variance', said.off, OFF_REASONS)
        if (!id) return
        approval_ids.push(id)
      }
      await this.step('settle', { force: said.gap !== '', approval_ids })
    },

    async word(
      shift: Shift,
      action: 'shift_gap' | 'variance',
      said: string,
      reasons: readonly Key[],
    ): Promise<number | null> {
      const subject = `shift:${shift.id}`
      return (await useApproval().ask({ action, subject, what: { said }, reasons }))?.id ?? null
    },

    async step(what: 'keep' | 'settle', body: object): Promise<void> {
      const shift = this.counted
      if (!shift || this.busy) return
      this.busy = true
      this.said = ''
      try {
        const path = `/api/pos/shifts/${shift.id}/${what}`
        this.done = (await api.write<{ shift: Shift }>(path, body)).shift
        // Its Z is on the screen now: a key that prints it is not lost.
        this.busy = false
        if (what === 'settle') await this.load()
      } catch (error) {
        this.said = sentence(error)
        if (error instanceof Refused) this.done = null
      } finally {
        this.busy = false
      }
    },

    /** The Z that was just numbered, or the last one again: from the second time on marked as a copy. */
    print(): void {
      const id = this.counted?.id ?? this.last?.id
      const no = `Z${this.counted?.z_no ?? this.last?.z_no}`
      if (id) usePrinter().print({ no, path: `shifts/${id}/z` })
    },

    printCount(): void {
      const { waiting } = this
      if (waiting) usePrinter().print({ no: t('shift.closing'), count: waiting })
    },

    /** Back to opening the next shift, or to selling in the one that is open. */
    leave(): void {
      Object.assign(this, { uuid: '', done: null, said: '' })
      const session = useSession()
      session.stage = session.shift ? 'sale' : 'shift'
    },

    x: async (): Promise<XReport | null> =>
      (await api.get<{ x: XReport | null }>('/api/pos/shift/x')).x,

    /** Cash goes in or out: written down first, and then the drawer opens, once. */
    async move(
      kind: CashKind,
      fen: number,
      goes_to: CashMove['goes_to'],
      reason: string,
    ): Promise<CashMove[]> {
      const body = { kind, fen, goes_to, reason }
      const { moves } = await api.write<{ moves: CashMove[] }>('/api/pos/shift/cash', body)
      void usePrinter().kick(`cash:${Math.max(...moves.map(({ id }) => id))}`)
      return moves
    },

    /** The business day is over: a manager lets the shift go on, once. */
    async prolong(): Promise<string | null> {
      const session = useSession()
      const { shift } = session
      if (!shift) return null
      const word = await useApproval().ask({
        action: 'late_shift',
        subject: `shift:${shift.id}`,
        what: { said: t('shift.lateSaid', { name: shift.staff_name }) },
        reasons: LATE_REASONS,
      })
      if (!word) return null
      if (!word.id) return this.prolongAlone(word)
      try {
        const body = { approval_ids: [word.id] }
        const answer = await api.write<{ shift: Shift }>('/api/pos/shift/prolong', body)
        return this.begin(answer.shift)
      } catch (error) {
        return sentence(error)
      }
    },

    /** Without network the manager's PIN counts here, and is told when there is one again. */
    async prolongAlone(word: Word): Promise<string | null> {
      const { shift } = useSession()
      if (!shift || shift.prolonged) return t('shift.prolongedBefore')
      const sells_until = cutOver(serverNow())
      const lives_ms = Date.parse(sells_until) - serverNow()
      const refused = await useGate().write('late_shift', word, lives_ms)
      if (refused) return refused
      return this.begin({ ...shift, prolonged: true, sells_until })
    },
  },
})

const OFF_REASONS = ['shift.why.change', 'shift.why.missed', 'shift.why.unknown'] as const
const GAP_REASONS = ['shift.why.broken', 'shift.why.lost'] as const
const LATE_REASONS = ['shift.why.night', 'shift.why.busy'] as const

const isWithin = (shift: Shift): boolean =>
  Math.abs(shift.difference_fen ?? 0) <= (shift.limit_fen ?? 0)

/** A shift as this till knows it before the server does. */
function bornAlone(uuid: string, float_fen: number, proposed_fen: number | null): Shift {
  const { till, staff } = useSession()
  return {
    id: 0,
    uuid,
    till_name: till?.name ?? '',
    drawer_name: till?.name ?? '',
    staff_name: staff?.name ?? '',
    state: 'open',
    opened_at: new Date(serverNow()).toISOString(),
    sells_until: cutOver(serverNow()),
    prolonged: false,
    float_fen,
    proposed_fen,
    sales: 0,
    counts: 0,
    counted_at: null,
    counted_fen: null,
    taken_fen: 0,
    unsent: 0,
    unsent_fen: 0,
    missing: 0,
    differs: null,
    expected_fen: null,
    difference_fen: null,
    limit_fen: null,
    voided: [],
    z_no: null,
  }
}

/** When the business day of a moment ends: at four in Shanghai, which is 20:00 UTC (`trade/orders/shifts/moves.py`). */
export function cutOver(at: number): string {
  const TURNS_MS = 20 * 3600_000
  return new Date((Math.floor((at - TURNS_MS) / DAY_MS) + 1) * DAY_MS + TURNS_MS).toISOString()
}
