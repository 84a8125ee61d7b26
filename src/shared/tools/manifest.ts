import { z } from 'zod'
import { BadManifestError } from './errors.ts'
import type { JsonSchema, ToolDescriptor } from './tool.ts'

/** Raised when the manifest's form changes: an older file is then made again. */
export const MANIFEST_VERSION = 1

const jsonSchema: z.ZodType<JsonSchema> = z.record(z.string(), z.json())

const descriptorSchema: z.ZodType<ToolDescriptor> = z.object({
  name: z.string(),
  category: z.string(),
  title: z.string(),
  description: z.string(),
  effects: z.object({
    repeat: z.enum(['pure', 'idempotent', 'once']),
    reach: z.array(z.enum(['network', 'filesystem', 'process'])),
  }),
  platforms: z.array(z.enum(['node', 'deno', 'browser'])),
  inline_max_bytes: z.int().min(0),
  input_schema: jsonSchema,
  output_schema: jsonSchema,
  interface_cid: z.string(),
  code_cid: z.string(),
  module: z.string(),
})

const manifestSchema = z.object({ version: z.literal(MANIFEST_VERSION), tools: z.array(descriptorSchema) })

/** The build's list of tools, as kept in `dist/tools.json` and bundled into the tab. */
export interface Manifest {
  version: number
  tools: ToolDescriptor[]
}

/** Reads a manifest. Throws {@link BadManifestError} for anything else. */
export function parseManifest(value: unknown): ToolDescriptor[] {
  const parsed = manifestSchema.safeParse(value)
  if (parsed.success) return parsed.data.tools
  const issue = parsed.error.issues[0]
  throw new BadManifestError(`${issue?.path.join('.') || 'root'}: ${issue?.message}`, parsed.error)
}
