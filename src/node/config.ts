/**
 * The settings of a node: flag, then `TOOLMESH_*` variable, then toolmesh.yaml, then default.
 * The schema is in config/schema.ts.
 */
import { availableParallelism, hostname } from 'node:os'
import { resolve } from 'node:path'
import { type Origin, SettingValueError } from './config/errors.ts'
import { isLoopbackHost } from './config/loopback.ts'
import { type Config, configSchema, SETTINGS } from './config/schema.ts'
import { HIDDEN } from './config/secrets.ts'
import { type Flag, fromEnvironment, fromFile, fromFlags } from './config/sources.ts'

export { dialHost } from './config/loopback.ts'
export type { Config } from './config/schema.ts'

export interface ConfigInput {
  flags?: readonly Flag[]
  /** Flags that are not settings, to suggest beside them. */
  otherFlags?: readonly string[]
  env?: Readonly<Record<string, string | undefined>>
  /** Where toolmesh.yaml is looked for and what relative paths start from. */
  cwd: string
  /** Settings file to read instead of toolmesh.yaml in `cwd`; it has to exist. */
  file?: string
}

/** A configuration with the origin of each setting, by its path. */
export interface LoadedConfig {
  config: Config
  origins: ReadonlyMap<string, Origin>
}

/**
 * @throws SettingValueError naming the setting, the value and what is allowed
 * @throws UnknownSettingError with a close match
 * @throws SettingsFileError
 */
export async function loadConfig(input: ConfigInput): Promise<Config> {
  return (await loadConfigWithOrigins(input)).config
}

/** {@link loadConfig}, and where each value came from. */
export async function loadConfigWithOrigins(input: ConfigInput): Promise<LoadedConfig> {
  const file = input.file ?? input.env?.TOOLMESH_CONFIG
  const weakestFirst = [
    ...(await fromFile(input.cwd, file === '' ? undefined : file)),
    ...fromEnvironment(input.env ?? {}),
    ...fromFlags(input.flags ?? [], input.otherFlags ?? []),
  ]
  const given = new Map(weakestFirst.map(entry => [entry.setting.path, entry]))
  const values = new Map<string, unknown>()
  const origins = new Map<string, Origin>()
  const machine = { hostname: hostname(), cores: availableParallelism() }
  for (const setting of SETTINGS) {
    const entry = given.get(setting.path)
    const lan = values.get('lan') === true
    const httpHost = String(values.get('http.host') ?? '')
    values.set(setting.path, entry ? entry.value : setting.default({ ...machine, lan, httpHost }))
    origins.set(setting.path, entry?.origin ?? 'default')
  }
  const config = check(values, origins)
  return { config: settle(config, origins, input.cwd), origins }
}

function check(values: ReadonlyMap<string, unknown>, origins: ReadonlyMap<string, Origin>): Config {
  const parsed = configSchema.safeParse(nest(values))
  if (parsed.success) return parsed.data
  const at = parsed.error.issues[0]?.path.join('.') ?? ''
  const setting = SETTINGS.find(({ path }) => at === path || at.startsWith(`${path}.`))
  const path = setting?.path ?? at
  throw new SettingValueError(
    path,
    setting?.secret ? HIDDEN : values.get(path),
    origins.get(path) ?? 'default',
    setting?.allowed ?? 'see docs',
  )
}

/** What holds between settings; each rule here is in the description of its setting. */
function settle(config: Config, origins: Map<string, Origin>, cwd: string): Config {
  const { http, p2p, queue } = config
  for (const key of ['tlsCert', 'tlsKey'] as const) {
    if (http.tls !== 'files' || http[key] !== '') continue
    const path = `http.${key}`
    throw new SettingValueError(
      path,
      '',
      origins.get(path) ?? 'default',
      'the path of a PEM file, as http.tls is "files"',
    )
  }
  if ((p2p.tlsCert === '') !== (p2p.tlsKey === '')) {
    const missing = p2p.tlsCert === '' ? 'p2p.tlsCert' : 'p2p.tlsKey'
    const allowed = 'the path of a PEM file, as p2p.tlsCert and p2p.tlsKey go together'
    throw new SettingValueError(missing, '', origins.get(missing) ?? 'default', allowed)
  }
  if (queue.grace > queue.lease) {
    const allowed = `at most queue.lease (${queue.lease})`
    throw new SettingValueError('queue.grace', queue.grace, origins.get('queue.grace') ?? 'default', allowed)
  }
  const exposed = !isLoopbackHost(http.host)
  if (exposed && config.auth.mode === 'local') origins.set('auth.mode', 'http.host is not loopback')
  const absolute = (path: string): string => (path === '' ? '' : resolve(cwd, path))
  return {
    ...config,
    dataDir: absolute(config.dataDir),
    http: { ...http, tlsCert: absolute(http.tlsCert), tlsKey: absolute(http.tlsKey) },
    p2p: { ...p2p, tlsCert: absolute(p2p.tlsCert), tlsKey: absolute(p2p.tlsKey) },
    discovery: { ...config.discovery, file: absolute(config.discovery.file) },
    auth: { mode: exposed ? 'token' : config.auth.mode },
  }
}

function nest(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const root: Record<string, unknown> = {}
  for (const [path, value] of values) {
    const names = path.split('.')
    const leaf = names.pop() ?? ''
    let section = root
    for (const name of names) {
      const inner = section[name]
      const next = isSection(inner) ? inner : {}
      section[name] = next
      section = next
    }
    section[leaf] = value
  }
  return root
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
