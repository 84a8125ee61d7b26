/** Matrix peers in processes and pages of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Browser } from 'playwright'
import { z } from 'zod'
import { RUNTIME_ENV, runsOn } from '../../src/node/test-runtime.fixture.ts'
import type { CellMeasured, Effort } from './matrix-peer.ts'

export interface FarPeer {
  peerId: string
  addresses(): Promise<string[]>
  measure(address: string, peerId: string, effort: Effort): Promise<CellMeasured>
  join(address: string, relayId: string): Promise<void>
  close(): Promise<void>
}

const measured: z.ZodType<CellMeasured> = z.object({
  path: z.string(),
  dialMs: z.number(),
  callMs: z.array(z.number()),
  echoMs: z.array(z.number()),
  upMBs: z.number(),
  downMBs: z.number(),
  echoMBs: z.number(),
})
const answer = z.object({ id: z.number(), result: z.unknown().optional(), error: z.string().optional() })

export async function processPeer(runtime: 'node' | 'deno', args: string[] = []): Promise<FarPeer> {
  const [command, all] = runsOn(runtime, join(import.meta.dirname, 'peer-process.ts'), ...args)
  const child = spawn(command, all, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...RUNTIME_ENV, DENO_NO_UPDATE_CHECK: '1' },
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const started = Promise.withResolvers<unknown>()
  waiting.set(0, started)
  createInterface(child.stdout).on('line', line => {
    const { id, result, error } = answer.parse(JSON.parse(line))
    if (error === undefined) waiting.get(id)?.resolve(result)
    else waiting.get(id)?.reject(new Error(error))
    waiting.delete(id)
  })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  void exited.then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`the ${runtime} process ended`))
  })
  let last = 0
  const ask = (method: string, ...params: unknown[]): Promise<unknown> => {
    last += 1
    const asked = Promise.withResolvers<unknown>()
    waiting.set(last, asked)
    child.stdin.write(`${JSON.stringify({ id: last, method, args: params })}\n`)
    return asked.promise
  }
  return {
    peerId: z.string().parse(await started.promise),
    addresses: async () => z.array(z.string()).parse(await ask('addresses')),
    measure: async (...params) => measured.parse(await ask('measure', ...params)),
    join: async (...params) => void (await ask('join', ...params)),
    close: () => ended(child, exited),
  }
}

function ended(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.stdin?.end()
  return exited
}

export async function pagePeer(browser: Browser, url: string): Promise<FarPeer> {
  const page = await browser.newPage()
  await page.goto(url)
  return {
    peerId: await page.evaluate(async () => (await globalThis.matrixPeer).peerId),
    addresses: () => page.evaluate(async () => (await globalThis.matrixPeer).addresses()),
    measure: (...params) =>
      page.evaluate(async args => (await globalThis.matrixPeer).measure(...args), params),
    join: (...params) => page.evaluate(async args => (await globalThis.matrixPeer).join(...args), params),
    close: () => page.close(),
  }
}
