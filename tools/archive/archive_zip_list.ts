import { z } from 'zod'
import { bytesOfBase64 } from '../../src/shared/tools/base64.ts'
import { base64Field } from '../../src/shared/tools/content.ts'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'
import { isUnsafePath, withEntries } from './zip-archive.ts'

export default defineTool({
  name: 'archive_zip_list',
  category: 'archive',
  title: 'List a ZIP archive',
  description:
    'Lists the entries of a ZIP archive (also of the formats built on it, as docx, xlsx, epub and jar) without ' +
    'extracting them: path, size, compressed size, and whether an entry is encrypted or has a path that leads outside.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z.strictObject({
    base64: base64Field('The archive'),
    limit: z.int().min(1).max(50_000).default(1_000).describe('Most entries to list; all are counted'),
  }),
  output: z.object({
    entries: z
      .array(
        z.object({
          path: z.string().describe('Path in the archive'),
          bytes: z.int().describe('Size once extracted, as the archive states it'),
          compressed_bytes: z.int().describe('Size in the archive'),
          directory: z.boolean().describe('Whether it is a folder'),
          encrypted: z.boolean().describe('Whether a password is needed'),
          unsafe_path: z.boolean().describe('Whether the path is absolute or climbs out by ".." (zip slip)'),
        }),
      )
      .describe('Entries in the order of the archive'),
    count: z.int().describe('Number of entries in the archive'),
    total_bytes: z.int().describe('Size of all entries once extracted, as the archive states it'),
  }),
  run({ base64, limit }, { signal }) {
    return withEntries(bytesOfBase64(base64), signal, entries => ({
      entries: entries.slice(0, limit).map(entry => ({
        path: entry.filename,
        bytes: entry.uncompressedSize,
        compressed_bytes: entry.compressedSize,
        directory: entry.directory,
        encrypted: entry.encrypted,
        unsafe_path: isUnsafePath(entry.filename),
      })),
      count: entries.length,
      total_bytes: entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0),
    }))
  },
})
