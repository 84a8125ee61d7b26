import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js'

/**
 * A `fetch` that tells when the stream that it was asked for by GET has been read to its end: by that a node says that
 * the session is over. The transport itself cannot tell this from the end of an answer by POST that was an error.
 */
export function tellingStreamEnd(onEnd: () => void, fetched: FetchLike = fetch): FetchLike {
  return async (url, init) => {
    const response = await fetched(url, init)
    if ((init?.method ?? 'GET') !== 'GET' || !response.ok || response.body === null) return response
    const body = response.body.pipeThrough(new TransformStream({ flush: onEnd }))
    return new Response(body, {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    })
  }
}
