/** A page of a benchmark's own, served on loopback: a secure context, so that all of a tab's transports work. */
import { createServer } from 'node:http'
import { build } from 'esbuild'

/** Bundles a script and serves it as the only content of a page. */
export async function serveScript(entry: string): Promise<{ url: string; close(): void }> {
  const script = await bundle(entry)
  const server = createServer((request, response) => {
    const isScript = request.url === '/tab.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><script type="module" src="/tab.js"></script>')
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() }
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    write: false,
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}
