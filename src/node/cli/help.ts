import { SETTINGS } from '../config/schema.ts'
import { COMMON_FLAGS, type Command, type OwnFlag } from './command.ts'
import { COMMANDS } from './commands.ts'

/** The list of all commands. */
export async function overviewHelp(): Promise<string> {
  const commands = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => ({ name, command: (await load()).command })),
  )
  const rows = commands.map(
    ({ name, command }) =>
      [
        `${name} ${command.actions === undefined ? command.usage : '<action> …'}`.trimEnd(),
        command.summary,
      ] as const,
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

/**
 * What one command takes: its own flags and, where they are its own matter, every setting.
 * @param action only of this action, where the command has such
 */
export function commandHelp(name: string, command: Command, action?: string): string {
  const chosen = command.actions?.find(([usage]) => usage.split(' ')[0] === action)
  if (chosen !== undefined && action !== undefined) return actionHelp(name, command, action, chosen)
  const isClient = command.flags.some(flag => flag.name === 'url')
  return [
    `usage: toolmesh ${name} ${command.usage}`.trimEnd(),
    '',
    `${command.summary}.`,
    '',
    ...(command.actions === undefined ? [] : ['Actions:', ...columns(command.actions), '']),
    ...(command.actions === undefined
      ? []
      : [`toolmesh ${name} <action> --help says more of one.`, '', 'Flags:']),
    ...flagRows([...command.flags, ...COMMON_FLAGS]),
    '',
    ...(isClient ? [SETTINGS_ELSEWHERE] : ['Settings (also as TOOLMESH_* variables and in toolmesh.yaml):']),
    ...(isClient ? [] : columns(settingRows())),
    '',
  ].join('\n')
}

/** What one action of a command takes. */
function actionHelp(
  name: string,
  command: Command,
  action: string,
  [usage, summary]: readonly [string, string],
): string {
  const taken = [...command.flags, ...COMMON_FLAGS].filter(
    flag => !('actions' in flag) || Object.hasOwn(flag.actions, action),
  )
  return [
    `usage: toolmesh ${name} ${usage}`,
    '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    '',
    ...flagRows(taken, action),
    '',
    SETTINGS_ELSEWHERE,
    '',
  ].join('\n')
}

const SETTINGS_ELSEWHERE =
  'Where the node is follows from its settings, which can be given here too: toolmesh start --help lists them.'

function settingRows(): (readonly [string, string])[] {
  return SETTINGS.map(setting => [
    `--${setting.flags.at(-1)}`,
    `${setting.allowed}; default ${setting.defaultText}`,
  ])
}

function flagRows(flags: readonly OwnFlag[], action?: string): string[] {
  return columns(
    flags.map(flag => [
      `--${flag.name}${flag.value === undefined ? '' : ` <${flag.value}>`}`,
      'actions' in flag ? (flag.actions[action ?? ''] ?? ofActions(flag.actions)) : flag.description,
    ]),
  )
}

/** `list, peers: only this tool; pause: …`: actions for which it is the same stand together. */
function ofActions(actions: Readonly<Record<string, string>>): string {
  const texts = new Set(Object.values(actions))
  return [...texts]
    .map(text => {
      const names = Object.keys(actions).filter(name => actions[name] === text)
      return `${names.join(', ')}: ${text}`
    })
    .join('; ')
}

/** Characters of a left column beyond which what belongs to it stands on the next line. */
const WIDEST = 40

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const fitting = rows.map(([left]) => left.length).filter(length => length <= WIDEST)
  const width = Math.max(0, ...fitting)
  return rows.flatMap(([left, right]) =>
    left.length <= WIDEST
      ? [`  ${left.padEnd(width)}  ${right}`]
      : [`  ${left}`, `  ${' '.repeat(width)}  ${right}`],
  )
}
