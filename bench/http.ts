import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Benchmark, Findings } from './benchmark.ts'
import { startNode } from './node-process.ts'
import { summarise } from './statistics.ts'

const ROUNDS = 7
const CALLS = 1_000
/** Calls before the first round, to each side: the compiler and the connections are warm. */
const WARM_UP_CALLS = 500
const IN_FLIGHT = 16
const GOAL_RATIO = 0.8
/** As long as the digest that our tool answers with. */
const TEXT = 'a'.repeat(64)

export const benchmark: Benchmark = { name: 'http', title: 'MCP over HTTP: tools/call', usesNode: true, run }

/** The two sides take turns within each round, so that both see the same machine. */
async function run(): Promise<Findings[]> {
  const [node, rival] = await Promise.all([startNode(), startRival()])
  const [ours, theirs] = await Promise.all([connect(node.origin), connect(rival.origin)])
  const hash = () => ours.callTool({ name: 'crypto_hash', arguments: { text: TEXT } })
  const echo = () => theirs.callTool({ name: 'echo', arguments: { text: TEXT } })
  try {
    await callsPerSecond(hash, WARM_UP_CALLS)
    await callsPerSecond(echo, WARM_UP_CALLS)
    const rounds: { ours: number; theirs: number }[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const oursFirst = round % 2 === 0
      const first = await callsPerSecond(oursFirst ? hash : echo, CALLS)
      const second = await callsPerSecond(oursFirst ? echo : hash, CALLS)
      rounds.push(oursFirst ? { ours: first, theirs: second } : { ours: second, theirs: first })
    }
    return [findings(rounds)]
  } finally {
    await Promise.all([ours.close(), theirs.close()])
    await Promise.all([node.stop(), rival.stop()])
  }
}

function findings(rounds: readonly { ours: number; theirs: number }[]): Findings {
  const median = (values: number[]): number => summarise(values).median
  return {
    method: `median of ${ROUNDS} rounds of ${CALLS} calls, ${IN_FLIGHT} in flight: crypto_hash of a node against the echo tool of a bare SDK server, each in a process of its own, one client`,
    figures: [
      { name: 'toolmesh', value: median(rounds.map(round => round.ours)), unit: 'calls/s' },
      { name: 'bare SDK server', value: median(rounds.map(round => round.theirs)), unit: 'calls/s' },
      {
        name: 'ratio',
        value: median(rounds.map(({ ours, theirs }) => ours / theirs)),
        unit: 'of the bare server',
        goal: { least: GOAL_RATIO },
      },
    ],
  }
}

async function callsPerSecond(call: () => Promise<unknown>, calls: number): Promise<number> {
  let left = calls
  const started = performance.now()
  const lane = async (): Promise<void> => {
    while (left-- > 0) await call()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  return calls / ((performance.now() - started) / 1000)
}

async function connect(origin: string): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', origin)))
  return client
}

async function startRival(): Promise<{ origin: string; stop(): Promise<void> }> {
  const file = join(import.meta.dirname, 'http', 'echo-server.ts')
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [origin] = await once(createInterface(child.stdout), 'line')
  return {
    origin: String(origin),
    async stop() {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}
