import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { factsOf } from '../../errors.ts'
import { settle } from '../../queue/queue.fixture.ts'
import type { JsonObject } from '../../tools/tool.ts'
import { alice } from '../mesh-tools.fixture.ts'
import { randomCall } from './random-input.fixture.ts'
import { WorkflowTools } from './workflows.fixture.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 150)

describe('input of any kind', () => {
  it('is answered, or refused with a code that says why, by each tool', { timeout: 600_000 }, async () => {
    const tools = await WorkflowTools.open()
    const ids: string[] = []
    async function answer(name: string, input: JsonObject): Promise<JsonObject> {
      try {
        return await tools.call(name, input)
      } catch (error) {
        const { code, message } = factsOf(error)
        return { code, message }
      }
    }
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          randomCall(() => ids),
          { minLength: 1, maxLength: 8 },
        ),
        async calls => {
          for (const [name, input] of calls) {
            const answered = await answer(name, structuredClone(input))
            if (answered.code === 'internal') expect.fail(`${name}: ${String(answered.message)}`)
            if (typeof answered.workflow_id === 'string' && name === 'submit') ids.push(answered.workflow_id)
            await settle()
          }
          for (const workflow_id of ids.slice(-8)) await ensureNoneInternal(tools, workflow_id)
        },
      ),
      { numRuns: RUNS },
    )
    expect(ids.length).toBeGreaterThan(0)
    expect({}).not.toHaveProperty('polluted')
  })
})

/** Neither it nor one of its steps may have failed by a fault of the engine. */
async function ensureNoneInternal(tools: WorkflowTools, workflow_id: string): Promise<void> {
  const { error, steps } = await tools.mesh.call('p2p_workflow_status', { workflow_id }, alice)
  const all = [error, ...(Array.isArray(steps) ? steps.map(step => Object(step).error) : [])]
  const internal = all.find(each => Object(each).code === 'internal')
  if (internal !== undefined) expect.fail(`${workflow_id}: ${JSON.stringify(internal)}`)
}
