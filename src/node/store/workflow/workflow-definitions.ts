import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { StoredDefinition } from '../../../shared/workflow/store/store.ts'

const Entry = z.object({
  name: z.string(),
  version: z.string(),
  definition_cid: z.string(),
  principal: z.string(),
  created_at: z.int(),
})
const Whole = Entry.extend({ definition: z.string() })

/** Definitions under their names and versions. */
export class WorkflowDefinitions {
  readonly #statements: ReturnType<typeof prepareStatements>

  constructor(db: DatabaseSync) {
    this.#statements = prepareStatements(db)
  }

  /** Part of a transaction; false when this name and version is another one already. */
  put(definition: StoredDefinition): boolean {
    const { name, version, definition_cid, principal, created_at } = definition
    const before = this.find(name, version)
    if (before !== undefined) return before.definition_cid === definition_cid
    const text = JSON.stringify(definition.definition)
    this.#statements.put.run(name, version, definition_cid, principal, created_at, text)
    return true
  }

  /** The latest made unless a version is named. */
  find(name: string, version?: string): StoredDefinition | undefined {
    const { readLatest, read } = this.#statements
    const row = version === undefined ? readLatest.get(name) : read.get(name, version)
    if (row === undefined) return undefined
    const { definition, ...rest } = Whole.parse(row)
    return { ...rest, definition: JSON.parse(definition) }
  }

  list(filter: {
    name?: string
    after?: { name: string; version: string }
    limit: number
  }): Omit<StoredDefinition, 'definition'>[] {
    const { name, after, limit } = filter
    const { readOf, readAll } = this.#statements
    const isPast = name !== undefined && after !== undefined && after.name > name
    if (isPast) return []
    const behind = after?.name === name ? (after?.version ?? '') : ''
    const rows =
      name === undefined
        ? readAll.all(after?.name ?? '', after?.version ?? '', limit)
        : readOf.all(name, behind, limit)
    return rows.map(row => Entry.parse(row))
  }
}

function prepareStatements(db: DatabaseSync) {
  const entry = 'name, version, definition_cid, principal, created_at'
  const from = `FROM workflow_definitions`
  return {
    put: db.prepare(`INSERT INTO workflow_definitions (${entry}, definition) VALUES (?, ?, ?, ?, ?, ?)`),
    read: db.prepare(`SELECT ${entry}, definition ${from} WHERE name = ? AND version = ?`),
    readLatest: db.prepare(`SELECT ${entry}, definition ${from} WHERE name = ? ORDER BY id DESC LIMIT 1`),
    readOf: db.prepare(`SELECT ${entry} ${from} WHERE name = ? AND version > ? ORDER BY version LIMIT ?`),
    readAll: db.prepare(
      `SELECT ${entry} ${from} WHERE (name, version) > (?, ?) ORDER BY name, version LIMIT ?`,
    ),
  }
}
