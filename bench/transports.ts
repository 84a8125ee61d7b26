import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright'
import { z } from 'zod'
import { CHROMIUM_ARGS, findChromium } from '../e2e/chromium.ts'
import type { RuntimeName } from '../src/node/runtime-name.ts'
import { runsOn } from '../src/node/test-runtime.fixture.ts'
import type { Benchmark, Figure, Findings } from './benchmark.ts'
import { serveScript } from './bundled-page.ts'
import { summarise } from './statistics.ts'
import type { Dialler, TransportFigures } from './transports/tab.ts'

/** WebTransport on Deno is to carry at least so many times what WebSocket does in the same run. */
const GOAL_TIMES_WEBSOCKET = 2
const SIZES = { bytes: 16 * 1024 * 1024, rounds: 3 }

export const benchmark: Benchmark = {
  name: 'transports',
  title: 'A tab by WebTransport against the same by WebSocket, raw libp2p streams',
  usesNode: false,
  run,
}

interface Way {
  name: string
  at: string
  dialler: Dialler
}

const WAYS: readonly Way[] = [
  { name: 'WebSocket', at: '/ws/', dialler: 'own' },
  { name: 'WebTransport', at: '/webtransport/', dialler: 'own' },
  { name: 'WebTransport by @libp2p/webtransport', at: '/webtransport/', dialler: 'stock' },
]

async function run(): Promise<Findings[]> {
  const executablePath = findChromium()
  if (executablePath === undefined)
    return [{ method: 'tab to host', figures: [], skipped: 'no Chromium here (name one with CHROMIUM_PATH)' }]
  const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS] })
  const page = await serveScript(fileURLToPath(new URL('./transports/tab.ts', import.meta.url)))
  try {
    const found: Findings[] = []
    for (const runtime of ['node', 'deno'] as const) found.push(await toHostOn(runtime, browser, page.url))
    return found
  } finally {
    page.close()
    await browser.close()
  }
}

async function toHostOn(runtime: RuntimeName, browser: Browser, url: string): Promise<Findings> {
  const { child, addresses } = await farEnd(runtime)
  try {
    const figures: Figure[] = []
    let websocket: TransportFigures | undefined
    for (const { name, at, dialler } of WAYS) {
      const address = addresses.find(each => each.includes(at)) ?? ''
      const measured = await measure(browser, url, address, dialler)
      websocket ??= measured
      figures.push(...figuresOf(name, measured))
      if (dialler === 'own' && at !== '/ws/')
        figures.push(...timesOf(measured, websocket, runtime === 'deno'))
    }
    return {
      method: `tab to a host on ${runtime}, ${SIZES.bytes} bytes a round, ${SIZES.rounds} rounds`,
      figures,
    }
  } finally {
    child.stdin?.end()
    await once(child, 'exit')
  }
}

async function farEnd(runtime: RuntimeName): Promise<{ child: ChildProcess; addresses: string[] }> {
  const [command, args] = runsOn(runtime, fileURLToPath(new URL('./transports/far-end.ts', import.meta.url)))
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = await once(createInterface(child.stdout), 'line')
  return { child, addresses: z.array(z.string()).parse(JSON.parse(String(line))) }
}

async function measure(
  browser: Browser,
  url: string,
  address: string,
  dialler: Dialler,
): Promise<TransportFigures> {
  const tab = await browser.newPage()
  try {
    await tab.goto(url)
    await tab.waitForFunction(() => 'measureTransport' in globalThis)
    return await tab.evaluate(([to, by, sizes]) => globalThis.measureTransport(to, by, sizes), [
      address,
      dialler,
      SIZES,
    ] as const)
  } finally {
    await tab.close()
  }
}

function figuresOf(way: string, { dialMs, roundTripsMs, opensMs, up, down }: TransportFigures): Figure[] {
  const trips = summarise(roundTripsMs)
  const opens = summarise(opensMs)
  return [
    { name: `${way}: dial`, value: dialMs, unit: 'ms' },
    { name: `${way}: round trip`, value: trips.median, p99: trips.p99, unit: 'ms' },
    { name: `${way}: open, round trip, close`, value: opens.median, p99: opens.p99, unit: 'ms' },
    { name: `${way}: up`, value: summarise(up).median, unit: 'MB/s' },
    { name: `${way}: down`, value: summarise(down).median, unit: 'MB/s' },
  ]
}

function timesOf(measured: TransportFigures, websocket: TransportFigures, hasGoal: boolean): Figure[] {
  const goal = hasGoal ? { goal: { least: GOAL_TIMES_WEBSOCKET } } : {}
  const times = (of: 'up' | 'down') => summarise(measured[of]).median / summarise(websocket[of]).median
  return [
    { name: 'WebTransport to WebSocket: up', value: times('up'), unit: 'times', ...goal },
    { name: 'WebTransport to WebSocket: down', value: times('down'), unit: 'times', ...goal },
  ]
}
