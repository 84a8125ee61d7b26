import { importBytes } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { CID } from 'multiformats/cid'
import * as json from 'multiformats/codecs/json'
import { sha256 } from 'multiformats/hashes/sha2'
import { z } from 'zod'
import { canonicalBytes, cidOfBytes } from '../../src/shared/tools/cid.ts'
import { bytesOfContent, contentFields, exactlyOneContent } from '../../src/shared/tools/content.ts'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'
import { InvalidInputError } from '../../src/shared/tools/errors.ts'
import { isJson } from '../../src/shared/tools/json.ts'

/** How a file becomes a DAG. Kubo's default, and the profile of IPIP-499. */
const LAYOUTS = {
  kubo: { chunkBytes: 256 * 1024, links: 174 },
  'unixfs-v1-2025': { chunkBytes: 1024 * 1024, links: 1_024 },
}

export interface Layout {
  chunkBytes: number
  /** Most children of a node. */
  links: number
}

/** CID of the bytes as a UnixFS file with raw leaves; nothing is stored. `progress` hears the bytes that were read. */
export async function unixfsCid(
  bytes: Uint8Array,
  layout: Layout,
  progress?: (bytes: number) => void,
): Promise<string> {
  if (bytes.length <= layout.chunkBytes) return cidOfBytes(bytes)
  const chunker = fixedSize({ chunkSize: layout.chunkBytes })
  const { cid } = await importBytes(bytes, NOWHERE, {
    cidVersion: 1,
    rawLeaves: true,
    reduceSingleLeafToSelf: true,
    layout: balanced({ maxChildrenPerNode: layout.links }),
    async *chunker(source) {
      let read = 0
      for await (const chunk of chunker(source)) {
        read += chunk.length
        progress?.(read)
        yield chunk
      }
    },
  })
  return cid.toString()
}

/** A block store that keeps nothing: only the identifiers are wanted. */
const NOWHERE = { put: async (cid: CID) => cid }

export default defineTool({
  name: 'ipfs_cid',
  category: 'ipfs',
  title: 'IPFS content identifier',
  description:
    'Computes the IPFS content identifier (CID version 1, sha2-256, base32) of a text or file without storing it. As a ' +
    'file it equals what `ipfs add --cid-version=1 --raw-leaves` prints; also as one raw block, or of canonical JSON.',
  effects: PURE,
  platforms: EVERYWHERE,
  inlineMaxBytes: 32 * 1024,
  input: z
    .strictObject({
      ...contentFields('The content'),
      codec: z
        .enum(['file', 'raw', 'json'])
        .default('file')
        .describe(
          'file: as `ipfs add` does (chunked when large); raw: all bytes as one block; json: JSON text in its canonical form (RFC 8785), codec json',
        ),
      layout: z
        .enum(['kubo', 'unixfs-v1-2025'])
        .default('kubo')
        .describe(
          'How a large file is cut: kubo: 256 KiB chunks, 174 links; unixfs-v1-2025: 1 MiB chunks, 1024 links (IPIP-499)',
        ),
    })
    .refine(...exactlyOneContent),
  output: z.object({
    cid: z.string().describe('The CID, base32 lower-case'),
    bytes: z.int().describe('Number of bytes that were addressed'),
  }),
  async run(input, context) {
    const bytes = bytesOfContent(input)
    if (input.codec === 'raw') return { cid: cidOfBytes(bytes), bytes: bytes.length }
    if (input.codec === 'json') return jsonCid(bytes)
    const cid = await unixfsCid(bytes, LAYOUTS[input.layout], read => {
      context.signal.throwIfAborted()
      context.progress(read, bytes.length, 'bytes')
    })
    return { cid, bytes: bytes.length }
  },
})

async function jsonCid(bytes: Uint8Array): Promise<{ cid: string; bytes: number }> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new InvalidInputError('/text', String(error), 'JSON text for codec json')
  }
  const block = canonicalBytes(isJson(value) ? value : null)
  return { cid: CID.createV1(json.code, await sha256.digest(block)).toString(), bytes: block.length }
}
