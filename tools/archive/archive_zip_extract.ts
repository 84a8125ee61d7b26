import type { FileEntry } from '@zip.js/zip.js/lib/zip-core-native.js'
import { z } from 'zod'
import { base64OfBytes, bytesOfBase64 } from '../../src/shared/tools/base64.ts'
import { base64Field, MAX_BINARY_BYTES } from '../../src/shared/tools/content.ts'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'
import { InvalidInputError } from '../../src/shared/tools/errors.ts'
import { badArchive, isFile, isUnsafePath, withEntries } from './zip-archive.ts'

const file = z.object({
  path: z.string().describe('Path in the archive'),
  bytes: z.int().describe('Size of the content'),
  text: z.string().optional().describe('The content, when it is UTF-8 text and text was asked for'),
  base64: z.string().optional().describe('The content as base64, when it is not given as text'),
})

const skipped = z.object({
  path: z.string().describe('Path in the archive'),
  reason: z
    .enum(['unsafe_path', 'encrypted', 'symlink'])
    .describe('unsafe_path: absolute, or climbs out by ".."'),
})

export default defineTool({
  name: 'archive_zip_extract',
  category: 'archive',
  title: 'Extract from a ZIP archive',
  description:
    'Extracts (unzips) files from a ZIP archive and returns their contents as text or base64. Takes all files or the ' +
    'paths that are named. Guarded against zip bombs by limits on what is really inflated, and against zip slip.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z.strictObject({
    base64: base64Field('The archive'),
    paths: z
      .array(z.string().max(4_096))
      .min(1)
      .max(10_000)
      .optional()
      .describe('Paths to extract; left out: all files'),
    as_text: z
      .boolean()
      .default(true)
      .describe('Give files that are UTF-8 as text; false: everything as base64'),
    max_files: z.int().min(1).max(10_000).default(1_000).describe('Most files to extract; more is an error'),
    max_file_bytes: z
      .int()
      .min(1)
      .max(MAX_BINARY_BYTES)
      .default(MAX_BINARY_BYTES)
      .describe('Largest file, bytes; a larger one is an error'),
    max_total_bytes: z
      .int()
      .min(1)
      .max(MAX_BINARY_BYTES)
      .default(MAX_BINARY_BYTES)
      .describe('Most bytes in all; more is an error'),
  }),
  output: z.object({
    files: z.array(file).describe('The extracted files in the order of the archive; folders are left out'),
    skipped: z.array(skipped).describe('Entries that were left out for safety'),
    total_bytes: z.int().describe('Bytes that were extracted'),
  }),
  run(input, context) {
    return withEntries(bytesOfBase64(input.base64), context.signal, async entries => {
      const wanted = entries.filter(isFile).filter(({ filename }) => input.paths?.includes(filename) ?? true)
      refuseMissing(input.paths, wanted)
      const refused = wanted.flatMap(entry => {
        const reason = reasonToSkip(entry)
        return reason === undefined ? [] : [{ path: entry.filename, reason }]
      })
      const chosen = wanted.filter(entry => reasonToSkip(entry) === undefined)
      if (chosen.length > input.max_files)
        throw badArchive(`at most ${input.max_files} files to extract (max_files)`)

      const files: z.infer<typeof file>[] = []
      let total = 0
      for (const entry of chosen) {
        const left = Math.min(input.max_file_bytes, input.max_total_bytes - total)
        const bytes = await inflate(entry, left, context.signal)
        total += bytes.length
        files.push({ path: entry.filename, bytes: bytes.length, ...contentOf(bytes, input.as_text) })
        context.progress(files.length, chosen.length, 'files')
      }
      return { files, skipped: refused, total_bytes: total }
    })
  },
})

function refuseMissing(paths: readonly string[] | undefined, found: readonly FileEntry[]): void {
  const names = new Set(found.map(({ filename }) => filename))
  const missing = paths?.findIndex(path => !names.has(path)) ?? -1
  if (missing >= 0)
    throw new InvalidInputError(`/paths/${missing}`, paths?.[missing], 'a file of the archive')
}

function reasonToSkip(entry: FileEntry): z.infer<typeof skipped>['reason'] | undefined {
  if (isUnsafePath(entry.filename)) return 'unsafe_path'
  if (entry.symlink) return 'symlink'
  return entry.encrypted ? 'encrypted' : undefined
}

/** The entry's content. Stops as soon as more than `limit` bytes came out, whatever size the archive states. */
async function inflate(
  entry: FileEntry,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  const tooLarge = badArchive(`"${entry.filename}" goes over the limit of max_file_bytes or max_total_bytes`)
  const sink = new WritableStream<Uint8Array>({
    write(chunk) {
      length += chunk.length
      if (length > limit) throw tooLarge
      chunks.push(chunk)
    },
  })
  try {
    await entry.getData(sink, { signal, checkSignature: true })
  } catch (error) {
    signal.throwIfAborted()
    if (length > limit) throw tooLarge
    throw badArchive(`"${entry.filename}": ${error instanceof Error ? error.message : String(error)}`)
  }
  const content = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    content.set(chunk, at)
    at += chunk.length
  }
  return content
}

function contentOf(bytes: Uint8Array<ArrayBuffer>, asText: boolean): { text: string } | { base64: string } {
  if (!asText) return { base64: base64OfBytes(bytes) }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { base64: base64OfBytes(bytes) }
  }
}
