/**
 * Chromium as a person has it, driven over the DevTools protocol with as little as can be. Playwright starts it with
 * the throttling of hidden pages switched off and tells every page that it has the focus, so a page is never hidden.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import WebSocket from 'ws'
import { z } from 'zod'
import { CHROMIUM_ARGS, findChromium } from '../chromium.ts'
import { until } from '../node-process.ts'

const STARTED_WITHIN_MS = 60_000

const messageSchema = z.object({
  id: z.number().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
})

interface Pending {
  resolve(value: unknown): void
  reject(error: Error): void
}

export class BareBrowser {
  readonly #process: ChildProcess
  readonly #profile: string
  readonly #socket: WebSocket
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  private constructor(process: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process
    this.#profile = profile
    this.#socket = socket
    socket.on('message', data => this.#onMessage(String(data)))
    socket.on('close', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('the browser has ended'))
    })
  }

  static async launch(args: readonly string[] = []): Promise<BareBrowser> {
    const executable = findChromium()
    if (executable === undefined) throw new Error('no Chromium: `node e2e/chromium.ts` installs one')
    const profile = await mkdtemp(join(tmpdir(), 'toolmesh-browser-'))
    const own = ['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`]
    const child = spawn(executable, [...CHROMIUM_ARGS, ...args, ...own, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const socket = new WebSocket(await addressOf(child))
    await once(socket, 'open')
    return new BareBrowser(child, profile, socket)
  }

  /** Opens a page in front of the others. */
  async open(url: string): Promise<BarePage> {
    const { targetId } = z
      .object({ targetId: z.string() })
      .parse(await this.send('Target.createTarget', { url }))
    const { sessionId } = z
      .object({ sessionId: z.string() })
      .parse(await this.send('Target.attachToTarget', { targetId, flatten: true }))
    return new BarePage(this, targetId, sessionId)
  }

  /** Ids of the processes that run its pages. */
  async renderers(): Promise<number[]> {
    const { processInfo } = z
      .object({ processInfo: z.array(z.object({ type: z.string(), id: z.number() })) })
      .parse(await this.send('SystemInfo.getProcessInfo'))
    return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit')
      this.#socket.close()
      this.#process.kill('SIGKILL')
      await exited
    }
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }

  /** One command of the DevTools protocol, to the browser or to a page's session. */
  send(method: string, params: object = {}, sessionId?: string): Promise<unknown> {
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      this.#socket.send(
        JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }),
      )
    })
  }

  #onMessage(text: string): void {
    const { id, result, error } = messageSchema.parse(JSON.parse(text))
    if (id === undefined) return
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (error === undefined) pending?.resolve(result)
    else pending?.reject(new Error(error.message))
  }
}

const evaluatedSchema = z.object({
  result: z.object({ value: z.unknown().optional() }),
  exceptionDetails: z.object({ text: z.string() }).optional(),
})

export class BarePage {
  readonly #browser: BareBrowser
  readonly #targetId: string
  readonly #sessionId: string

  constructor(browser: BareBrowser, targetId: string, sessionId: string) {
    this.#browser = browser
    this.#targetId = targetId
    this.#sessionId = sessionId
  }

  /** The value of an expression in the page; a promise is waited for. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = evaluatedSchema.parse(
      await this.#browser.send(
        'Runtime.evaluate',
        { expression, returnByValue: true, awaitPromise: true },
        this.#sessionId,
      ),
    )
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text)
    return result.value
  }

  /** All text that the page shows, in shadow roots too. */
  async text(): Promise<string> {
    return String(
      await this.evaluate(`(function shown(root) {
        return [...root.childNodes].map(node =>
          node.nodeType === 3 ? node.data
          : /^(script|style)$/i.test(node.nodeName) ? ''
          : shown(node) + (node.shadowRoot ? shown(node.shadowRoot) : '')).join(' ')
      })(document.body).replace(/\\s+/g, ' ')`),
    )
  }

  async bringToFront(): Promise<void> {
    await this.#browser.send('Target.activateTarget', { targetId: this.#targetId })
  }

  async reload(): Promise<void> {
    await this.#browser.send('Page.reload', {}, this.#sessionId)
  }

  async close(): Promise<void> {
    await this.#browser.send('Target.closeTarget', { targetId: this.#targetId })
  }
}

/** Where it listens, as it writes when it has started. */
async function addressOf(child: ChildProcess): Promise<string> {
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return until('Chromium to start', async () => text.match(/ws:\/\/\S+/)?.[0], STARTED_WITHIN_MS)
}
