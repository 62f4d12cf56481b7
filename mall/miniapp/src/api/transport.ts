/** One call over the wire; the only place that knows `uni.request`. */

export interface Call {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: string
}

export interface Answer {
  status: number
  body: unknown
  date: string | undefined
}

export type Transport = (call: Call) => Promise<Answer>

const ANSWER_WITHIN_MS = 12_000

/** To a server by its address.  Rejects when no answer came. */
export function overUni(server: string): Transport {
  return (call) =>
    new Promise((resolve, reject) => {
      uni.request({
        url: server + call.path,
        method: call.method,
        header: call.headers,
        data: call.body,
        timeout: ANSWER_WITHIN_MS,
        success: ({ statusCode, data, header }) => {
          const headers = (header ?? {}) as Record<string, string>
          resolve({ status: statusCode, body: data, date: headers['Date'] ?? headers['date'] })
        },
        fail: reject,
      })
    })
}
