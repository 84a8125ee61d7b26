import { ToolmeshError } from '../shared/errors.ts'

/** libp2p cannot start: an address of p2p.listen cannot be had, or what it keeps is damaged. */
export class MeshStartError extends ToolmeshError {
  constructor(folder: string, cause: unknown) {
    const why = (cause instanceof Error ? cause.message : String(cause)).replaceAll(/\s+/g, ' ')
    super(
      'unavailable',
      `the mesh cannot start: ${why} (it listens as p2p.listen says; its files are in ${folder}, which can be moved away)`,
      { field: 'p2p', cause },
    )
  }
}
