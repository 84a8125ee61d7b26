import { SETTINGS } from '../config/schema.ts'
import { HIDDEN, withoutSecrets } from '../config/secrets.ts'
import type { LoadedConfig } from '../config.ts'
import { type Command, type Invocation, JSON_FLAG } from './command.ts'
import { printJson, printTable } from './output.ts'

export const command: Command = {
  usage: '',
  summary: 'Print every setting in effect, and where it comes from',
  positionals: [0, 0],
  flags: [JSON_FLAG],
  run: config,
}

async function config({ flags, loaded }: Invocation): Promise<void> {
  const settings = SETTINGS.map(({ path, secret }) => {
    const value = valueAt(loaded, path)
    return {
      setting: path,
      value: secret && value !== '' ? HIDDEN : withoutSecrets(value),
      from: loaded.origins.get(path) ?? 'default',
    }
  })
  if (flags.has('json')) return printJson({ settings })
  printTable(
    ['setting', 'value', 'from'],
    settings.map(({ setting, value, from }) => [setting, JSON.stringify(value), from]),
  )
}

function valueAt({ config }: LoadedConfig, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    return typeof value === 'object' && value !== null
      ? Object.entries(value).find(([name]) => name === key)?.[1]
      : value
  }, config)
}
