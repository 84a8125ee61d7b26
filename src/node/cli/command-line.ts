import { parseArgs } from 'node:util'
import { SETTINGS } from '../config/schema.ts'
import type { Flag } from '../config/sources.ts'
import type { OwnFlag } from './command.ts'
import { UsageError } from './errors.ts'

export interface CommandLine {
  positionals: string[]
  own: Map<string, string | true>
  /** Everything else: settings, or misspelled; loading the configuration finds out. */
  settings: Flag[]
}

/**
 * Takes a command line apart: `--name value`, `--name=value`, `--flag`, `--no-flag`, `--` before what is no flag.
 * @throws UsageError for a flag without its value
 */
export function parseCommandLine(argv: readonly string[], own: readonly OwnFlag[]): CommandLine {
  const ownByName = new Map(own.map(flag => [flag.name, flag] as const))
  const line: CommandLine = { positionals: [], own: new Map(), settings: [] }
  for (const token of tokensOf(argv, own)) {
    if (token.kind === 'positional') line.positionals.push(token.value)
    if (token.kind !== 'option') continue
    const name = token.name === 'h' ? 'help' : token.name
    const flag = ownByName.get(name)
    if (flag === undefined) line.settings.push(settingFlag(name, token.value))
    else line.own.set(name, ownValue(flag, token.value))
  }
  return line
}

function tokensOf(argv: readonly string[], own: readonly OwnFlag[]) {
  const settings = SETTINGS.flatMap(({ flags, kind }) => flags.map(name => [name, kind !== 'flag'] as const))
  const flags = own.map(({ name, value }) => [name, value !== undefined] as const)
  const options = Object.fromEntries(
    [...settings, ...flags].map(([name, takesValue]) => [
      name,
      { type: takesValue ? 'string' : 'boolean' } as const,
    ]),
  )
  return parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true }).tokens
}

function ownValue(flag: OwnFlag, value: string | undefined): string | true {
  if (flag.value === undefined) return true
  if (value === undefined)
    throw new UsageError(`--${flag.name} needs a value: --${flag.name} <${flag.value}>`)
  return value
}

function settingFlag(name: string, value: string | undefined): Flag {
  if (value !== undefined) return { name, value }
  const positive = name.startsWith('no-') ? name.slice('no-'.length) : undefined
  const negates = SETTINGS.some(
    ({ kind, flags }) => kind === 'flag' && positive !== undefined && flags.includes(positive),
  )
  return negates && positive !== undefined ? { name: positive, value: false } : { name }
}
