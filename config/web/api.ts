import { locale, t } from './i18n'
import { requestId } from './request-id'
import { learnServerTime, withLocalTimes } from './time'

const ANSWER_WITHIN_MS = 8000

/** The server said no, and in `message` what to do about it. Nothing has changed. */
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

export interface ApiOptions {
  headers?: () => Record<string, string>
  /** Told after every call whether the server answered. */
  onContact?: (answered: boolean) => void
  onSignedOut?: () => void
}

export interface Conditional<T> {
  body: T | null
  etag: string | null
}

/** What to tell the person in front of the screen. */
export function sentence(error: unknown): string {
  if (error instanceof Refused) return error.message
  if (error instanceof Unreachable) return t('error.unreachable')
  return t('error.unexpected')
}

/**
 * The one way to the server.
 *
 * `write` keeps the request id of a call until it is answered: pressing the button again after a
 * lost answer repeats the same request instead of making a second one.
 */
export class Api {
  private readonly open = new Map<string, { id: string; body: string }>()
  private callers = 0

  constructor(private readonly options: ApiOptions = {}) {}

  /**
   * Somebody else has signed in. What was under way for the one before says nothing about them: a read that was
   * refused is made again, and nobody is signed out by it.
   */
  anew(): void {
    this.callers += 1
  }

  async get<T>(path: string): Promise<T> {
    return (await this.call(path, { method: 'GET' })).json() as Promise<T>
  }

  async bytes(path: string): Promise<Uint8Array> {
    const answer = await this.call(path, { method: 'GET' })
    return new Uint8Array(await answer.arrayBuffer())
  }

  /** GET that costs nothing when the answer is still the one of `etag`: `body` is then null. */
  async getIfChanged<T>(path: string, etag: string | null): Promise<Conditional<T>> {
    const headers: Record<string, string> = etag ? { 'If-None-Match': etag } : {}
    const answer = await this.call(path, { method: 'GET', headers })
    if (answer.status === 304) return { body: null, etag }
    return { body: (await answer.json()) as T, etag: answer.headers.get('ETag') }
  }

  /** POST that changes nothing: quotes and previews. */
  async ask<T>(path: string, body: object): Promise<T> {
    return (await this.call(path, this.post(JSON.stringify(body)))).json() as Promise<T>
  }

  /** POST that changes something, under a request id of its own or the given one. */
  async write<T>(path: string, body: object, id?: string): Promise<T> {
    const text = JSON.stringify(body)
    const open = this.open.get(path)
    const request_id = id ?? (open?.body === text ? open.id : requestId())
    this.open.set(path, { id: request_id, body: text })
    try {
      const answer = await this.call(
        path,
        this.post(JSON.stringify({ request_id, ...body })),
        false,
      )
      const result = (await answer.json()) as T
      this.open.delete(path)
      return result
    } catch (error) {
      if (error instanceof Refused) this.open.delete(path)
      throw error
    }
  }

  private post(body: string): RequestInit {
    return { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }
  }

  private async call(path: string, init: RequestInit, again = true): Promise<Response> {
    const caller = this.callers
    const answer = await this.send(path, init)
    learnServerTime(answer.headers.get('Date'))
    if (answer.ok || answer.status === 304) return answer
    const error = await this.refusal(answer)
    if (!(error instanceof Refused) || error.code !== 'not_signed_in') throw error
    if (caller === this.callers) this.options.onSignedOut?.()
    else if (again) return this.call(path, init)
    throw error
  }

  private async send(path: string, init: RequestInit): Promise<Response> {
    const headers = {
      Accept: 'application/json',
      'Accept-Language': locale.value,
      'X-Tongdian': '1',
      ...this.options.headers?.(),
      ...init.headers,
    }
    try {
      const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
      const answer = await fetch(path, { ...init, headers, signal, credentials: 'same-origin' })
      this.options.onContact?.(answer.status < 500)
      return answer
    } catch {
      this.options.onContact?.(false)
      throw new Unreachable(path)
    }
  }

  private async refusal(answer: Response): Promise<Error> {
    if (answer.status >= 500) return new Unreachable(String(answer.status))
    const body = await answer.json().catch(() => null)
    if (!body?.code) return new Unreachable(String(answer.status))
    const message = withLocalTimes(body.message ?? body.code)
    return new Refused(answer.status, body.code, message, body.facts ?? {})
  }
}
