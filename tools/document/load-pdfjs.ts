import { definePDFJSModule } from 'unpdf'

let loading: Promise<void> | undefined

/** Loads the serverless pdf.js once. Call before any use of `unpdf`. */
export function loadPdfjs(): Promise<void> {
  loading ??= withoutWorkerScope(() => definePDFJSModule(() => import('unpdf/pdfjs')))
  return loading
}

/**
 * While it loads, pdf.js asks whether it stands in a worker's global scope, takes itself for its own worker if so,
 * and from then on answers the messages of ours. It looks for `window` to tell: so there is one for that moment.
 */
async function withoutWorkerScope(load: () => Promise<void>): Promise<void> {
  const inWorker = !('window' in globalThis) && 'onmessage' in globalThis
  if (!inWorker) return load()
  Object.defineProperty(globalThis, 'window', { value: globalThis, configurable: true })
  try {
    await load()
  } finally {
    Reflect.deleteProperty(globalThis, 'window')
  }
}
