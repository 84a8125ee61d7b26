import { SETTINGS } from '../config/schema.ts'
import { COMMON_FLAGS, type Command } from './command.ts'
import { COMMANDS } from './commands.ts'

/** The list of all commands. */
export async function overviewHelp(): Promise<string> {
  const commands = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => ({ name, command: (await load()).command })),
  )
  const rows = commands.map(
    ({ name, command }) => [`${name} ${command.usage}`.trimEnd(), command.summary] as const,
  )
  return [
    'One MCP server whose tools run on a peer-to-peer mesh of Node servers and browser tabs.',
    '',
    'usage: toolmesh <command> [settings]',
    '',
    ...columns(rows),
    '',
    'toolmesh <command> --help says more of one; docs/CONFIGURATION.md lists the settings.',
    '',
  ].join('\n')
}

/** What one command takes: its own flags and, after them, every setting. */
export function commandHelp(name: string, command: Command): string {
  const own = [...command.flags, ...COMMON_FLAGS].map(
    flag =>
      [`--${flag.name}${flag.value === undefined ? '' : ` <${flag.value}>`}`, flag.description] as const,
  )
  const settings = SETTINGS.map(
    setting => [`--${setting.flags.at(-1)}`, `${setting.allowed}; default ${setting.defaultText}`] as const,
  )
  return [
    `usage: toolmesh ${name} ${command.usage}`.trimEnd(),
    '',
    `${command.summary}.`,
    '',
    ...(command.actions === undefined ? [] : ['Actions:', ...columns(command.actions), '', 'Flags:']),
    ...columns(own),
    '',
    'Settings (also as TOOLMESH_* variables and in toolmesh.yaml):',
    ...columns(settings),
    '',
  ].join('\n')
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
