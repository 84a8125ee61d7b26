/** The command line: finds the command, reads the settings, runs it, and turns what it throws into one line and a status. */

import { factsOf } from '../../shared/errors.ts'
import { closeMatch } from '../config/close-match.ts'
import { loadConfigWithOrigins } from '../config.ts'
import { COMMON_FLAGS, type Command } from './command.ts'
import { parseCommandLine } from './command-line.ts'
import { COMMANDS } from './commands.ts'
import { exitStatusOf, UsageError } from './errors.ts'

/** Runs one command line (without `node` and the script) and sets the exit status of the process. */
export async function main(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv
  try {
    if (name === undefined || name === 'help' || name === '--help' || name === '-h')
      return await printHelp(rest[0], rest[1])
    if (name === '--version' || name === '-v') return await printVersion()
    await runCommand(name, (await commandNamed(name)).command, rest)
  } catch (error) {
    report(error, argv.includes('--json'))
  }
}

async function runCommand(name: string, command: Command, argv: readonly string[]): Promise<void> {
  const own = [...command.flags, ...COMMON_FLAGS]
  const line = parseCommandLine(argv, own)
  if (line.own.has('help')) return printHelp(name, line.positionals[0])
  const file = line.own.get('config')
  const loaded = await loadConfigWithOrigins({
    flags: line.settings,
    otherFlags: own.map(flag => flag.name),
    env: process.env,
    cwd: process.cwd(),
    ...(typeof file === 'string' ? { file } : {}),
  })
  const [least, most] = command.positionals
  if (line.positionals.length < least || line.positionals.length > most) {
    throw new UsageError(`usage: toolmesh ${name} ${command.usage}`.trimEnd())
  }
  await command.run({ positionals: line.positionals, flags: line.own, loaded })
}

async function commandNamed(name: string): Promise<{ command: Command }> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load !== undefined) return load()
  const names = Object.keys(COMMANDS)
  const match = closeMatch(name, names)
  const help = match === undefined ? `commands: ${names.join(', ')}` : `did you mean ${match}?`
  throw new UsageError(`unknown command ${JSON.stringify(name)}; ${help}`, names.join(', '))
}

async function printHelp(name: string | undefined, action?: string): Promise<void> {
  const { commandHelp, overviewHelp } = await import('./help.ts')
  const text =
    name === undefined ? await overviewHelp() : commandHelp(name, (await commandNamed(name)).command, action)
  process.stdout.write(text)
}

async function printVersion(): Promise<void> {
  const { packageVersion } = await import('./version.ts')
  process.stdout.write(`${await packageVersion()}\n`)
}

function report(error: unknown, asJson: boolean): void {
  const facts = factsOf(error)
  const line = asJson ? JSON.stringify({ error: facts }) : `toolmesh: ${facts.message}`
  process.stderr.write(`${line}\n`)
  process.exitCode = exitStatusOf(error)
}
