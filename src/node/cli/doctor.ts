import { z } from 'zod'
import { ToolmeshError } from '../../shared/errors.ts'
import { type Check, type Diagnosis, diagnosisOf } from '../../shared/mesh/diagnosis/check.ts'
import type { JsonObject } from '../../shared/tools/tool.ts'
import { runtimeName } from '../runtime-name.ts'
import { targetOf, withClient } from './client-command.ts'
import { CLIENT_FLAGS, type Command, type Invocation } from './command.ts'
import { printDiagnosis } from './doctor/print-diagnosis.ts'
import { checksWithoutNode } from './doctor/without-node.ts'
import { NoNodeError, UsageError } from './errors.ts'
import { durationFlag, given } from './flag-values.ts'
import { printJson } from './output.ts'
import { peerInput } from './peers/peer-input.ts'

/** Something is not well. */
const NOT_WELL = 1

export const command: Command = {
  usage: '[peer id | address | invite url]',
  summary: 'Find out why a peer cannot be reached, or how the node here does, and what to do',
  positionals: [0, 1],
  flags: [
    { name: 'refresh', description: 'without a peer: ask other peers anew how they see this node' },
    { name: 'wait', value: 'time', description: 'for all of it, as 10s (default: 30s)' },
    ...CLIENT_FLAGS,
  ],
  run: doctor,
}

const diagnosisSchema = z.looseObject({
  state: z.enum(['ok', 'warning', 'failed']),
  checks: z.array(
    z.looseObject({
      name: z.string(),
      state: z.enum(['ok', 'warning', 'failed', 'skipped']),
      summary: z.string(),
      ms: z.number().exactOptional(),
      address: z.string().exactOptional(),
      steps: z
        .array(
          z.object({
            step: z.enum(['resolve', 'dial', 'secure', 'multiplex', 'identify', 'session', 'authority']),
            ms: z.number(),
            error: z.object({ code: z.string(), message: z.string() }).exactOptional(),
          }),
        )
        .exactOptional(),
      cause: z.string().exactOptional(),
      advice: z.string().exactOptional(),
    }),
  ),
})

async function doctor(invocation: Invocation): Promise<void> {
  const { positionals, flags } = invocation
  const [peer] = positionals
  if (peer !== undefined && flags.has('refresh'))
    throw new UsageError('--refresh is for the node itself, without a peer')
  const wait = durationFlag(flags, 'wait')
  const input = given({
    ...(peer === undefined ? {} : peerInput(peer)),
    refresh: flags.has('refresh') || undefined,
    timeout_ms: wait,
  })
  const { checks, ...rest } = await askNode(invocation, input).catch(error =>
    instead(invocation, error, peer),
  )
  const diagnosis = { ...rest, ...diagnosisOf([programCheck(), ...checks]) }
  if (flags.has('json')) printJson(diagnosis)
  else printDiagnosis(diagnosis)
  if (diagnosis.state === 'failed') process.exitCode = NOT_WELL
}

async function askNode(invocation: Invocation, input: JsonObject): Promise<Diagnosis> {
  let answer: Diagnosis | undefined
  await withClient(invocation, async mesh => {
    const answered = await mesh.ask('p2p_peer_diagnose', input, diagnosisSchema)
    const summary = `a node answers at ${mesh.url}`
    answer = { ...answered, checks: [{ name: 'node', state: 'ok', summary }, ...answered.checks] }
  })
  if (answer === undefined) throw new TypeError('the client ended without an answer')
  return answer
}

/** What is looked at where no node can be asked, or its mesh is off. Throws what is another matter. */
async function instead(invocation: Invocation, error: unknown, peer: string | undefined): Promise<Diagnosis> {
  const { url } = targetOf(invocation)
  if (error instanceof ToolmeshError && error.details.field === 'p2p.enabled') {
    const off: Check = {
      name: 'mesh',
      state: peer === undefined ? 'warning' : 'failed',
      summary: 'the mesh is switched off: this node has no peers',
      cause: 'mesh_off',
      advice: 'Set p2p.enabled to true and start the node again, if it shall have peers.',
    }
    return diagnosisOf([{ name: 'node', state: 'ok', summary: `a node answers at ${url}` }, off])
  }
  if (!(error instanceof NoNodeError)) throw error
  const none: Check = {
    name: 'node',
    state: 'failed',
    summary: `no node answers at ${url}`,
    cause: 'no_node',
    advice: `Start one with \`toolmesh start\` (in a checkout: \`npm start\`)${peer === undefined ? '' : ', then ask again: peers are tried by a running node'}; if it runs elsewhere, give its --url.`,
  }
  return diagnosisOf([none, ...(await checksWithoutNode(invocation.loaded.config))])
}

/** The entry starts under no Node that is too old. */
function programCheck(): Check {
  const program = runtimeName() === 'deno' ? `Deno ${process.versions.deno}` : `Node ${process.versions.node}`
  return { name: 'program', state: 'ok', summary: `${program} on ${process.platform} ${process.arch}` }
}
