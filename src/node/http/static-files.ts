import { createHash } from 'node:crypto'
import { readFile, realpath } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'

/** A file of the web side, with what HTTP needs to know of it. */
export interface StaticFile {
  body: Uint8Array<ArrayBuffer>
  contentType: string
  /** Strong entity tag, quotes included. */
  etag: string
  /** Whether the name holds a hash of the content, so that it may be cached for good. */
  immutable: boolean
}

/** Finds the file that a decoded path of a URL (`/join`, `/assets/x.js`) stands for. */
export type StaticFiles = (path: string) => Promise<StaticFile | undefined>

const CONTENT_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
}

const PAGES: Record<string, string> = { '/': '/index.html', '/join': '/join.html' }

/** Vite's `name-<hash>.ext` below assets/. */
const HASHED = /^\/assets\/.*-[\w-]{8,}\.\w+$/

/**
 * The files below `root` (the built web side). Only known types are served, nothing hidden, and nothing whose
 * real path is outside the root, however the URL or a link in the folder puts it.
 */
export function staticFiles(root: string): StaticFiles {
  return async path => {
    const name = PAGES[path] ?? path
    const contentType = CONTENT_TYPES[extname(name)]
    if (contentType === undefined || !isPlain(name)) return undefined
    const body = await readBelow(root, name)
    if (body === undefined) return undefined
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    return { body, contentType, etag, immutable: HASHED.test(name) }
  }
}

/** A path of plain segments: none empty, hidden or climbing, no backslash, NUL or drive letter. */
function isPlain(name: string): boolean {
  return (
    name.startsWith('/') &&
    name
      .slice(1)
      .split('/')
      .every(segment => /^[\w@+-][\w.@+-]*$/.test(segment))
  )
}

async function readBelow(root: string, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const [realRoot, realFile] = await Promise.all([realpath(root), realpath(join(root, name))])
    if (!realFile.startsWith(realRoot + sep)) return undefined
    return new Uint8Array(await readFile(realFile))
  } catch (error) {
    if (error instanceof Error && 'code' in error && MISSING.has(String(error.code))) return undefined
    throw error
  }
}

const MISSING = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'])
