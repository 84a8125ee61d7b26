import { factsOf } from '../errors.ts'
import { runTool } from '../tools/run-tool.ts'
import type { Json } from '../tools/tool.ts'
import { toolContext } from './tool-context.ts'
import { type ImportModule, ToolLoader } from './tool-module.ts'
import { type FromWorker, isToWorker } from './worker-messages.ts'

/** The worker's end of its message channel, whatever the platform. */
export interface WorkerPort {
  post(message: FromWorker): void
  onMessage(listener: (message: unknown) => void): void
}

/** What runs inside a worker: takes calls from the port, runs each tool, answers. */
export function serveWorker(port: WorkerPort, importModule: ImportModule): void {
  const loader = new ToolLoader(importModule)
  const running = new Map<number, AbortController>()

  async function run(call: number, name: string, module: string, input: Json): Promise<void> {
    const abort = new AbortController()
    running.set(call, abort)
    try {
      const context = toolContext(abort.signal, {
        onProgress: progress => port.post({ kind: 'progress', call, progress }),
        onLog: line => port.post({ kind: 'log', call, line }),
      })
      const tool = await loader.load(module, name)
      const output = await runTool(tool, input, context)
      port.post({ kind: 'done', call, output })
    } catch (error) {
      port.post({ kind: 'failed', call, error: factsOf(error) })
    } finally {
      running.delete(call)
    }
  }

  port.onMessage(message => {
    if (!isToWorker(message)) return
    if (message.kind === 'cancel') running.get(message.call)?.abort()
    else void run(message.call, message.tool, message.module, message.input)
  })
  port.post({ kind: 'ready' })
}
