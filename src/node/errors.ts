import { ToolmeshError } from '../shared/errors.ts'

/** The data directory cannot be made or written. */
export class UnwritableDataDirError extends ToolmeshError {
  constructor(dataDir: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super('unavailable', `dataDir: cannot write to ${dataDir} (${reason})`, {
      field: 'dataDir',
      value: dataDir,
      allowed: 'a directory that this user may write to',
      cause,
    })
  }
}

/** libp2p cannot start: an address of p2p.listen cannot be had, or what it keeps is damaged or cannot be written. */
export class MeshStartError extends ToolmeshError {
  constructor(folder: string, cause: unknown) {
    const why = (cause instanceof Error ? cause.message : String(cause)).replaceAll(/\s+/g, ' ')
    super('unavailable', `the mesh cannot start: ${why} (${adviceFor(why, folder)})`, { field: 'p2p', cause })
  }
}

/** What the platform says of a disk that takes nothing; libp2p passes it on as text. */
const DISK = /\b(ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EIO)\b/

/** What helps, where an error says that the disk takes nothing; undefined where it says something else. */
export function diskAdvice(why: string): string | undefined {
  const [code] = DISK.exec(why) ?? []
  if (code === undefined) return undefined
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? 'it needs room on the disk'
    : 'it must be able to write there'
}

function adviceFor(why: string, folder: string): string {
  const advice = /\blisten\b/.test(why) ? undefined : diskAdvice(why)
  if (advice !== undefined) return `its files are in ${folder}: ${advice}`
  return `it listens as p2p.listen says; its files are in ${folder}, which can be moved away`
}
