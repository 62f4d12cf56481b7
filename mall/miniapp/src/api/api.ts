import { locale, t } from '../lib/i18n'
import { requestId } from '../lib/request-id'
import { learnServerTime, withLocalTimes } from '../lib/time'
import { Told } from '../lib/told'
import type { Answer, Call, Transport } from './transport'

/** The server said no, and in `message` what to do about it.  Nothing has changed. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly facts: Record<string, unknown>,
  ) {
    super(message)
  }
}

/** No usable answer came: a write may or may not have happened, so only the same id may retry it. */
export class Unreachable extends Error {}

/** What to tell the person in front of the screen. */
export function sentence(error: unknown): string {
  if (error instanceof Refused || error instanceof Told) return error.message
  if (error instanceof Unreachable) return t('error.unreachable')
  return t('error.unexpected')
}

export interface ApiOptions {
  token?: () => string
  /** The server does not know this token any more; it may be one from before. */
  onSignedOut?: (token: string) => void
}

/**
 * The one way to the server.
 *
 * `write` keeps the request id of a call until it is answered: pressing the button again after a lost answer
 * repeats the same request instead of making a second one.
 */
export class Api {
  private readonly open = new Map<string, { id: string; body: string }>()

  constructor(
    private readonly send: Transport,
    private readonly options: ApiOptions = {},
  ) {}

  get<T>(path: string): Promise<T> {
    return this.read<T>(() => ({ method: 'GET', path, headers: {} }))
  }

  /** POST that changes nothing: quotes. */
  ask<T>(path: string, body: object): Promise<T> {
    return this.read<T>(() => this.posting(path, body))
  }

  private posting(path: string, body: object): Call {
    return { method: 'POST', path, headers: {}, body: JSON.stringify(body) }
  }

  /** What is answered to somebody who has left meanwhile is nobody's: whoever is here now is asked for. */
  private async read<T>(question: () => Call): Promise<T> {
    const by = this.options.token?.()
    const left = () => Boolean(by) && by !== this.options.token?.()
    try {
      const answer = await this.call<T>(question())
      if (!left()) return answer
    } catch (error) {
      if (!left()) throw error
    }
    return this.read<T>(question)
  }

  /** POST that changes something, under a request id of its own. */
  async write<T>(path: string, body: object = {}): Promise<T> {
    const text = JSON.stringify(body)
    const open = this.open.get(path)
    const request_id = open?.body === text ? open.id : requestId()
    this.open.set(path, { id: request_id, body: text })
    try {
      const result = await this.call<T>(this.posting(path, { request_id, ...body }))
      this.open.delete(path)
      return result
    } catch (error) {
      if (error instanceof Refused) this.open.delete(path)
      throw error
    }
  }

  private async call<T>(call: Call): Promise<T> {
    const token = this.options.token?.()
    call.headers = {
      Accept: 'application/json',
      'Accept-Language': locale(),
      ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    }
    const answer = await this.send(call).catch(() => {
      throw new Unreachable(call.path)
    })
    learnServerTime(answer.date)
    if (answer.status >= 200 && answer.status < 300) return answer.body as T
    throw this.refusal(answer, token ?? '')
  }

  /** Nothing that the last person sent is repeated for the next. */
  forget(): void {
    this.open.clear()
  }

  private refusal(answer: Answer, token: string): Error {
    const body = answer.body as { code?: string; message?: string; facts?: Record<string, unknown> } | null
    if (!body || typeof body !== 'object' || !body.code) return new Unreachable(String(answer.status))
    // A 503 of ours says that nothing was done and may be repeated; the id is kept for it all the same.
    if (answer.status >= 500 && body.code !== 'wechat_busy') return new Unreachable(body.code)
    if (body.code === 'not_signed_in') this.options.onSignedOut?.(token)
    return new Refused(answer.status, body.code, withLocalTimes(body.message ?? body.code), body.facts ?? {})
  }
}
