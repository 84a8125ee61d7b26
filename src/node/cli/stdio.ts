import { targetOf } from './client-command.ts'
import { CLIENT_FLAGS, type Command, type Invocation, JSON_FLAG } from './command.ts'
import { isNodeAt } from './node-probe.ts'

export const command: Command = {
  usage: '',
  summary: 'Serve MCP on the standard input and output, for a client that starts its servers itself',
  positionals: [0, 0],
  flags: CLIENT_FLAGS.filter(flag => flag !== JSON_FLAG),
  run: stdio,
}

/** A node that runs already is the one to serve: two cannot use one data directory. */
async function stdio(invocation: Invocation): Promise<void> {
  const target = targetOf(invocation)
  if (invocation.flags.has('url') || (await isNodeAt(target.url))) {
    const { bridgeStdio } = await import('./stdio-bridge.ts')
    return bridgeStdio(target)
  }
  const { serveOwnNode } = await import('./stdio-node.ts')
  return serveOwnNode(invocation.loaded.config)
}
