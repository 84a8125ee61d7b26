import { get as getHttp } from 'node:http'
import { get as getHttps } from 'node:https'

export interface HttpAnswer {
  status: number
  /** Its `Date`, epoch milliseconds, whole seconds; undefined where it sent none. */
  date: number | undefined
  text: string
}

/**
 * One GET over HTTP or HTTPS. A certificate is not checked: nodes on a local network sign their own, nothing secret is sent,
 * and who answers is proved by the peer id when it is dialled. Rejects for more than `maxBytes`, and with the signal.
 */
export function httpGet(
  url: URL,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getHttps : getHttp
    const request = get(url, { signal, rejectUnauthorized: false }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > maxBytes) request.destroy(new Error(`more than ${maxBytes} bytes`))
      })
      const date = Date.parse(response.headers.date ?? '')
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, date: Number.isNaN(date) ? undefined : date, text }),
      )
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}
