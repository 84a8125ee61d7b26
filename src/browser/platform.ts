import { InsecureContextError, UnsupportedBrowserError } from './errors.ts'

/** Throws InsecureContextError or UnsupportedBrowserError where a tab could not work, before anything is started. */
export function requirePlatform(): void {
  if (!isSecureContext || globalThis.crypto.subtle === undefined) throw new InsecureContextError()
  if (!('locks' in navigator)) throw new UnsupportedBrowserError('Web Locks')
  if (!('indexedDB' in globalThis)) throw new UnsupportedBrowserError('IndexedDB')
  if (!('withResolvers' in Promise)) throw new UnsupportedBrowserError('Promise.withResolvers')
}

/** Workers that the slider may give: a core stays free for the page and for the person. */
export function maxCapacity(): number {
  return Math.max(1, navigator.hardwareConcurrency - 1)
}
