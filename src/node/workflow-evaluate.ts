import { ToolmeshError } from '../shared/errors.ts'
import type { WorkerPool } from '../shared/router/worker-pool.ts'
import type { Catalogue } from '../shared/tools/catalogue.ts'
import type { Json } from '../shared/tools/tool.ts'
import type { Evaluate } from '../shared/workflow/ports.ts'
import { Slots } from '../shared/workflow/slots.ts'

/** The tool that runs JSONata, so that expressions run where tools do: in a thread that can be ended. */
const TOOL = 'data_json_query'
/** Milliseconds of one expression: the tool ends itself before. */
const TIMEOUT_MS = 10_000
/** Expressions that are in a thread or wait for one: the list of those who wait is for tools too, and bounded. */
const AT_ONCE = 4

/** Evaluates the expressions of workflows in the node's worker threads. */
export function evaluateInThreads(
  threads: Pick<WorkerPool, 'run'>,
  catalogue: Pick<Catalogue, 'get'>,
): Evaluate {
  const slots = new Slots(AT_ONCE)
  return async (query, json, signal): Promise<Json> => {
    const tool = catalogue.get(TOOL)
    if (tool === undefined)
      throw new ToolmeshError(
        'no_runtime',
        `expressions need the tool ${TOOL}, which this build does not have`,
      )
    const output = await slots.run(() =>
      threads.run({ tool, input: { json, query }, timeoutMs: TIMEOUT_MS, signal }),
    )
    return typeof output === 'object' && output !== null && 'result' in output
      ? (output.result ?? null)
      : null
  }
}
