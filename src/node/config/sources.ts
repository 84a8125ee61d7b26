/** Where settings come from. Each source reads its own notation into the same form and refuses what it does not know. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { closeMatch } from './close-match.ts'
import { type Origin, SettingsFileError, UnknownSettingError } from './errors.ts'
import { SETTINGS, type Setting } from './schema.ts'
import { valueFromText } from './setting.ts'

/** One value that somebody set, not yet checked. */
export interface Given {
  setting: Setting
  value: unknown
  origin: Origin
}

/** A flag as the command line had it: `--http.port 9000` is `{ name: 'http.port', value: '9000' }`. */
export interface Flag {
  name: string
  /** Absent for a flag that was given alone (`--lan`); `false` for a negated one (`--no-lan`). */
  value?: string | boolean
}

/**
 * Variables that are not settings: a credential and the settings file belong to one command; the peers to begin with are
 * a source of discovery (`discovery.environment`).
 */
const OTHER_VARIABLES = new Set(['TOOLMESH_TOKEN', 'TOOLMESH_CONFIG', 'TOOLMESH_BOOTSTRAP_PEERS'])

/** Settings file looked for in the working directory when none is named. */
export const DEFAULT_FILE = 'toolmesh.yaml'

const BY_FLAG = new Map(SETTINGS.flatMap(setting => setting.flags.map(flag => [flag, setting] as const)))
const BY_VARIABLE = new Map(SETTINGS.map(setting => [setting.variable, setting] as const))
const BY_PATH = new Map(SETTINGS.map(setting => [setting.path, setting] as const))

/** @throws UnknownSettingError */
export function fromFlags(flags: readonly Flag[], otherFlags: readonly string[]): Given[] {
  const given = new Map<Setting, Given>()
  for (const { name, value = true } of flags) {
    const setting = BY_FLAG.get(name)
    const origin = `--${name}`
    if (setting === undefined) {
      const match = closeMatch(name, [...otherFlags, ...BY_FLAG.keys()])
      const shown = value === true ? undefined : value
      throw new UnknownSettingError(origin, shown, 'the command line', match && `--${match}`, [
        ...BY_PATH.keys(),
      ])
    }
    const parsed = typeof value === 'string' ? valueFromText(setting, value) : value
    const earlier = setting.kind === 'list' ? given.get(setting)?.value : undefined
    const both = Array.isArray(earlier) && Array.isArray(parsed) ? [...earlier, ...parsed] : parsed
    given.set(setting, { setting, value: both, origin })
  }
  return [...given.values()]
}

/** An empty variable counts as not set. @throws UnknownSettingError */
export function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Given[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (!name.startsWith('TOOLMESH_') || OTHER_VARIABLES.has(name) || value === undefined || value === '')
      return []
    const setting = BY_VARIABLE.get(name)
    if (setting === undefined) {
      const variables = [...BY_VARIABLE.keys()]
      throw new UnknownSettingError(name, value, 'the environment', closeMatch(name, variables), variables)
    }
    return [{ setting, value: valueFromText(setting, value), origin: name }]
  })
}

/**
 * Reads toolmesh.yaml in `cwd`, or `file` where one is named, which then has to exist.
 * @throws SettingsFileError, UnknownSettingError
 */
export async function fromFile(cwd: string, file: string | undefined): Promise<Given[]> {
  const name = file ?? DEFAULT_FILE
  const text = readText(resolve(cwd, name), name, file !== undefined)
  if (text === undefined) return []
  const { parse } = await import('yaml')
  let document: unknown
  try {
    document = parse(text)
  } catch (error) {
    throw new SettingsFileError(name, `is not YAML: ${firstLine(error)}`)
  }
  if (document === null || document === undefined) return []
  if (!isMapping(document))
    throw new SettingsFileError(name, 'must hold settings by name, as `http: { port: 8420 }`')
  return walk(document, [], name)
}

function walk(section: Record<string, unknown>, parents: string[], origin: Origin): Given[] {
  return Object.entries(section).flatMap(([key, value]) => {
    const path = [...parents, key].join('.')
    const setting = BY_PATH.get(path)
    if (setting !== undefined) return value === null ? [] : [{ setting, value, origin }]
    const isSection = SETTINGS.some(candidate => candidate.path.startsWith(`${path}.`))
    if (isSection && value === null) return []
    if (isSection && isMapping(value)) return walk(value, [...parents, key], origin)
    const paths = [...BY_PATH.keys()]
    const match = isSection
      ? paths.find(candidate => candidate.startsWith(`${path}.`))
      : closeMatch(path, paths)
    throw new UnknownSettingError(path, value, origin, match, paths)
  })
}

function readText(path: string, name: string, required: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (missing && !required) return undefined
    throw new SettingsFileError(name, `cannot be read: ${firstLine(error)}`)
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n')[0]?.replace(/:$/, '') ?? message
}
