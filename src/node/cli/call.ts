import { withClient } from './client-command.ts'
import { CLIENT_FLAGS, type Command, type Invocation } from './command.ts'
import { jsonObject } from './flag-values.ts'
import { printJson } from './output.ts'

export const command: Command = {
  usage: '<tool> [json]',
  summary: 'Call a tool and print its result as JSON',
  positionals: [1, 2],
  flags: CLIENT_FLAGS,
  run: call,
}

async function call(invocation: Invocation): Promise<void> {
  const [tool = '', json = '{}'] = invocation.positionals
  const input = jsonObject(json, `the input of ${tool}`)
  await withClient(invocation, async mesh => printJson(await mesh.call(tool, input)))
}
