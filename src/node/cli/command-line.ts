import { parseArgs } from 'node:util'
import { SETTINGS } from '../config/schema.ts'
import type { Flag } from '../config/sources.ts'
import type { OwnFlag } from './command.ts'
import { UsageError } from './errors.ts'

type Token = ReturnType<typeof tokensOf>[number]

const SETTING_FLAGS = SETTINGS.flatMap(setting => setting.flags)

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
  const tokens = tokensOf(argv, own)
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'positional') line.positionals.push(token.value)
    if (token.kind !== 'option') continue
    const name = token.name === 'h' ? 'help' : token.name
    const flag = ownByName.get(name)
    if (flag !== undefined) line.own.set(name, ownValue(flag, token.value))
    else line.settings.push(settingFlag(name, token.value ?? valueOfUnknown(name, tokens[index + 1])))
  }
  return line
}

/** A flag that nobody knows most likely had the next word as its value; the error shows it. */
function valueOfUnknown(name: string, next: Token | undefined): string | undefined {
  const known = SETTING_FLAGS.some(flag => name === flag || name === `no-${flag}`)
  return !known && next?.kind === 'positional' ? next.value : undefined
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
