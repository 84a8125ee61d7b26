/**
 * Sent with every page. No inline script, no eval (WebAssembly may compile), no frame, no plugin; connections
 * may go to any peer, as the mesh's peers are not known beforehand.
 */
export const PAGE_SECURITY_HEADERS = {
  'content-security-policy':
    "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' ws: wss: https:; " +
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
} as const
