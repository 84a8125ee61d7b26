import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

const root = fileURLToPath(new URL('.', import.meta.url))

/**
 * The MCP client imports Ajv for its default validator even when it is given another one. The pages use
 * the validator that needs no `eval`, so Ajv (which compiles schemas with `new Function`) stays out of
 * the bundle altogether.
 */
function withoutAjv(): Plugin {
  return {
    name: 'toolmesh:without-ajv',
    enforce: 'pre',
    resolveId(source) {
      if (!source.endsWith('/validation/ajv-provider.js')) return null
      return fileURLToPath(new URL('web/feed/no-ajv.ts', import.meta.url))
    },
  }
}

/** The web side: the dashboard and the join page, as two entries that share only what both use. */
export default defineConfig({
  root: fileURLToPath(new URL('web', import.meta.url)),
  base: '/',
  plugins: [withoutAjv()],
  worker: { format: 'es', plugins: () => [withoutAjv()] },
  build: {
    outDir: `${root}dist/web`,
    emptyOutDir: true,
    target: 'es2023',
    // The pages' policy allows scripts from this origin only: nothing inline, no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      // Two thirds of a build are our workers' own builds; that is known.
      checks: { pluginTimings: false },
      input: { dashboard: `${root}web/index.html`, join: `${root}web/join.html` },
    },
  },
})
