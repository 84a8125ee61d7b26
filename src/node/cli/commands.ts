import type { Command } from './command.ts'

/** Every command by its name, each imported only when it is run. */
export const COMMANDS: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  start: () => import('./start.ts'),
  stdio: () => import('./stdio.ts'),
  call: () => import('./call.ts'),
  tasks: () => import('./tasks.ts'),
  workflows: () => import('./workflows.ts'),
  peers: () => import('./peers.ts'),
  invite: () => import('./invite.ts'),
  token: () => import('./token.ts'),
  connect: () => import('./connect.ts'),
  doctor: () => import('./doctor.ts'),
  config: () => import('./config.ts'),
  demo: () => import('./demo.ts'),
}
