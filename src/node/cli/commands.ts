import type { Command } from './command.ts'

/** Every command by its name, each imported only when it is run. */
export const COMMANDS: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  start: () => import('./start.ts'),
  config: () => import('./config.ts'),
}
