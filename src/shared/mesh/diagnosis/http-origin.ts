/** The HTTP origin of a WebSocket address: what takes WebSockets is an HTTP server, and most tell the time. Others have none. */
export function httpOriginOf(address: string): string | undefined {
  const parts = /^\/(ip4|ip6|dns[46]?)\/([^/]+)\/tcp\/(\d+)((?:\/[^/]+)*)/.exec(address)
  if (parts === null) return undefined
  const [, kind, host = '', port = '', rest = ''] = parts
  if (!/\/(ws|wss)\b/.test(rest) || rest.includes('/p2p-circuit')) return undefined
  const scheme = /\/(tls|wss)\b/.test(rest) ? 'https' : 'http'
  return `${scheme}://${kind === 'ip6' ? `[${host}]` : host}:${port}`
}
