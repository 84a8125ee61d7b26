/** Makes docs/CONFIGURATION.md from the schema. Run it by itself to write the file. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageRoot } from '../package-root.ts'
import { SETTINGS, type Setting } from './schema.ts'

export const CONFIGURATION_FILE: string = join(packageRoot(), 'docs', 'CONFIGURATION.md')

/** The text of docs/CONFIGURATION.md. */
export function configurationDocument(): string {
  return [
    '# Configuration',
    '',
    '<!-- Made from src/node/config/schema.ts by `npx node src/node/config/documentation.ts`; a test holds it current. -->',
    '',
    'A setting is taken from the first of these that has it: a flag, a `TOOLMESH_*` variable, `toolmesh.yaml` in the',
    'working directory (or the file named by `--config` or `TOOLMESH_CONFIG`), the default. `toolmesh config` prints every',
    'setting in effect and where it came from. A name that no setting has, or a value that a setting does not allow, ends',
    'the command with one line that says which, and exit status 2.',
    '',
    '```sh',
    'toolmesh start --http.port 9000          # or --port 9000',
    'TOOLMESH_HTTP_PORT=9000 toolmesh start',
    '```',
    '',
    '```yaml',
    '# toolmesh.yaml',
    'http:',
    '  port: 9000',
    '```',
    '',
    'On the command line and in variables a list is written with commas, and a flag that is true or false as `--name`,',
    '`--no-name` or `--name=false`. In YAML use its own lists, numbers and booleans. `TOOLMESH_TOKEN` is no setting: it is the',
    'credential of the commands that talk to a running node.',
    '',
    ...sections().flatMap(([title, settings]) => [`## ${title}`, '', ...settings.flatMap(entry)]),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n')
}

function sections(): [string, Setting[]][] {
  const bySection = Map.groupBy(SETTINGS, ({ path }) =>
    path.includes('.') ? (path.split('.')[0] ?? '') : 'General',
  )
  return [...bySection]
}

function entry({ path, flags, variable, description, allowed, defaultText }: Setting): string[] {
  return [
    `### \`${path}\``,
    '',
    description,
    '',
    `- allowed: ${allowed}`,
    `- default: ${defaultText}`,
    `- flag: ${flags.map(flag => `\`--${flag}\``).join(', ')}; variable: \`${variable}\``,
    '',
  ]
}

if (import.meta.main) await writeFile(CONFIGURATION_FILE, configurationDocument())
