import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ToolmeshError } from '../errors.ts'
import { defineTool, EVERYWHERE, PURE } from './define-tool.ts'
import { runTool } from './run-tool.ts'
import type { Tool, ToolContext } from './tool.ts'

function toolThat(run: Tool['run'], output: z.ZodType = z.object({ n: z.number() })): Tool {
  return defineTool({
    name: 'double',
    category: 'test',
    title: 'Double',
    description: 'Doubles a number',
    effects: PURE,
    platforms: EVERYWHERE,
    input: z.strictObject({ n: z.number().default(4), list: z.array(z.number()).optional() }),
    output,
    run,
  })
}

function contextOf(signal: AbortSignal = new AbortController().signal): ToolContext {
  return { signal, progress: () => {}, log: () => {} }
}

describe('runTool', () => {
  it('fills in defaults and gives the output', async () => {
    expect(
      await runTool(
        toolThat(input => input),
        {},
        contextOf(),
      ),
    ).toEqual({ n: 4 })
  })

  it('names the field of an input that does not fit', async () => {
    const refused = runTool(
      toolThat(input => input),
      { list: [1, 'x'] },
      contextOf(),
    )
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/list/1', value: 'x' },
    })
  })

  it('turns what the tool throws into tool_failed, with the cause kept', async () => {
    const failed = runTool(
      toolThat(() => Promise.reject(new RangeError('too deep'))),
      {},
      contextOf(),
    )
    await expect(failed).rejects.toMatchObject({
      code: 'tool_failed',
      message: 'double failed: too deep',
      cause: new RangeError('too deep'),
    })
  })

  it("passes a tool's own error on as it is", async () => {
    const error = new ToolmeshError('not_found', 'no such page')
    await expect(
      runTool(
        toolThat(() => Promise.reject(error)),
        {},
        contextOf(),
      ),
    ).rejects.toBe(error)
  })

  it('fails an output that its schema refuses', async () => {
    const failed = runTool(
      toolThat(() => ({ n: 'four' })),
      {},
      contextOf(),
    )
    await expect(failed).rejects.toMatchObject({
      code: 'tool_failed',
      message: expect.stringContaining('"/n"'),
    })
  })

  it.each([[undefined], [Number.NaN], [new Date(0)], [new Uint8Array(1)]])(
    'fails an output that is not JSON: %s',
    async value => {
      const failed = runTool(
        toolThat(() => ({ a: { b: [value] } }), z.unknown()),
        {},
        contextOf(),
      )
      await expect(failed).rejects.toMatchObject({
        code: 'tool_failed',
        message: expect.stringContaining('"/a/b/0"'),
      })
    },
  )

  it('is cancelled by its signal, whatever the tool throws then', async () => {
    const controller = new AbortController()
    const running = runTool(
      toolThat(
        (_input, { signal }) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))),
      ),
      {},
      contextOf(controller.signal),
    )
    controller.abort()
    await expect(running).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('gives the reason of the signal when that is an error for callers', async () => {
    const late = AbortSignal.abort(new ToolmeshError('timed_out', 'it took over 5 ms'))
    await expect(
      runTool(
        toolThat(() => ({ n: 1 })),
        {},
        contextOf(late),
      ),
    ).rejects.toMatchObject({ code: 'timed_out' })
  })
})
