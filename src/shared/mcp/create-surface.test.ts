import { describe, expect, it } from 'vitest'
import { systemClock } from '../clock.ts'
import { ToolmeshError } from '../errors.ts'
import type { RuntimeCall } from '../router/runtime.ts'
import type { Json, JsonObject } from '../tools/tool.ts'
import { createSurface } from './create-surface.ts'
import { UnknownToolError } from './errors.ts'
import type { CallContext } from './surface.ts'
import { principalWith, routerOf, textCatalogue } from './text-tools.fixture.ts'

const submitter = principalWith('token:a', 'submit')
const reader = principalWith('token:b', 'read')

function textOf({ input }: RuntimeCall): string {
  return typeof input === 'object' && input !== null && 'text' in input ? String(input.text) : ''
}

function surfaceWith(
  runs: Record<string, (call: RuntimeCall) => Promise<Json> | Json> = {},
  listing?: 'flat',
) {
  const router = routerOf({
    text_echo: call => call.input,
    text_shout: call => ({ text: textOf(call).toUpperCase() }),
    ...runs,
  })
  return createSurface({
    name: 'test',
    version: '1.2.3',
    catalogue: textCatalogue,
    router,
    clock: systemClock,
    ...(listing === undefined ? {} : { listing }),
  })
}

function context(principal = submitter, signal = new AbortController().signal): CallContext {
  return { principal, signal }
}

describe('the listing', () => {
  it('shows only the five meta tools by default', () => {
    expect(
      surfaceWith()
        .listTools(submitter)
        .map(tool => tool.name),
    ).toEqual([
      'tools_list_categories',
      'tools_list_tools',
      'tools_get_schema',
      'tools_dispatch',
      'tools_search',
    ])
  })

  it('shows what the caller may call when it is flat', () => {
    const names = (principal: typeof reader) =>
      surfaceWith({}, 'flat')
        .listTools(principal)
        .map(tool => tool.name)
    expect(names(submitter)).toContain('text_echo')
    expect(names(reader)).not.toContain('text_echo')
    expect(names(reader)).toContain('tools_search')
  })
})

describe('a call of a catalogue tool', () => {
  it('runs it and gives its output structured and as text', async () => {
    expect(await surfaceWith().callTool('text_echo', { text: 'hi' }, context())).toEqual({
      content: [{ type: 'text', text: '{"text":"hi"}' }],
      structuredContent: { text: 'hi' },
    })
  })

  it('refuses bad input as a result that names the field', async () => {
    const result = await surfaceWith().callTool('text_echo', { text: 5 }, context())
    expect(result.isError).toBe(true)
    expect(result.structuredContent).toMatchObject({ code: 'invalid_input', field: '/text', value: 5 })
  })

  it('gives a failure of the tool as a result with its facts', async () => {
    const surface = surfaceWith({
      text_echo() {
        throw new ToolmeshError('tool_failed', 'it broke')
      },
    })
    expect(await surface.callTool('text_echo', { text: '' }, context())).toMatchObject({
      isError: true,
      structuredContent: { code: 'tool_failed', message: 'it broke', retryable: true },
    })
  })

  it('does not pass on output that does not fit its schema', async () => {
    const result = await surfaceWith({ text_echo: () => ({ wrong: 1 }) }).callTool(
      'text_echo',
      { text: '' },
      context(),
    )
    expect(result.isError).toBe(true)
    expect(result.structuredContent).toMatchObject({ code: 'tool_failed' })
  })

  it('is a protocol error without the role, and for limits', async () => {
    await expect(surfaceWith().callTool('text_echo', { text: '' }, context(reader))).rejects.toMatchObject({
      code: 'forbidden',
    })
    const full = surfaceWith({
      text_echo() {
        throw new ToolmeshError('rate_limited', 'slow down')
      },
    })
    await expect(full.callTool('text_echo', { text: '' }, context())).rejects.toMatchObject({
      code: 'rate_limited',
    })
  })

  it('names the tool that was probably meant', async () => {
    const call = surfaceWith().callTool('text_ecko', {}, context())
    await expect(call).rejects.toBeInstanceOf(UnknownToolError)
    await expect(call).rejects.toThrow('did you mean text_echo?')
  })
})

describe('the meta tools', () => {
  const call = (name: string, input: JsonObject) => surfaceWith().callTool(name, input, context())

  it('list categories and tools', async () => {
    expect((await call('tools_list_categories', {})).structuredContent).toEqual({
      categories: [
        { category: 'text', tools: 2 },
        { category: 'tools', tools: 5 },
      ],
    })
    expect((await call('tools_list_tools', { category: 'text' })).structuredContent).toMatchObject({
      tools: [{ name: 'text_echo' }, { name: 'text_shout' }],
    })
    expect((await call('tools_list_tools', { category: 'nope' })).structuredContent).toMatchObject({
      code: 'invalid_input',
      field: '/category',
      allowed: 'text, tools',
    })
  })

  it('give a schema by either name of the parameter', async () => {
    const expected = { name: 'text_echo', category: 'text', input_schema: { required: ['text'] } }
    expect((await call('tools_get_schema', { tool: 'text_echo' })).structuredContent).toMatchObject(expected)
    expect((await call('tools_get_schema', { tool_name: 'text_echo' })).structuredContent).toMatchObject(
      expected,
    )
  })

  it.each(['params', 'parameters', 'arguments'])('dispatch a call with its input as %s', async key => {
    const direct = await call('text_shout', { text: 'hi' })
    expect(
      await call('tools_dispatch', { category: 'text', tool: 'text_shout', [key]: { text: 'hi' } }),
    ).toEqual(direct)
    expect(await call('tools_dispatch', { tool_name: 'text_shout', [key]: { text: 'hi' } })).toEqual(direct)
  })

  it('pass on progress, logs and cancellation of a dispatched call', async () => {
    const abort = new AbortController()
    const heard: unknown[] = []
    const surface = surfaceWith({
      text_echo: ({ signal, onProgress, onLog }) => {
        onProgress?.({ done: 1, total: 2 })
        onLog?.({ level: 'info', message: 'hello' })
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new ToolmeshError('cancelled', 'stopped')))
        })
      },
    })
    const result = surface.callTool(
      'tools_dispatch',
      { tool: 'text_echo', params: { text: '' } },
      {
        ...context(submitter, abort.signal),
        onProgress: progress => heard.push(progress),
        onLog: line => heard.push(line),
      },
    )
    abort.abort()
    expect(await result).toMatchObject({ isError: true, structuredContent: { code: 'cancelled' } })
    expect(heard).toEqual([
      { done: 1, total: 2 },
      { level: 'info', message: 'hello' },
    ])
  })

  it('hold a dispatched call to the role of the tool that is called', async () => {
    const dispatch = { tool: 'text_echo', params: { text: '' } }
    await expect(surfaceWith().callTool('tools_dispatch', dispatch, context(reader))).rejects.toMatchObject({
      code: 'forbidden',
    })
  })

  it('name an unknown parameter, a wrong type, a wrong tool and a wrong category', async () => {
    expect((await call('tools_dispatch', { tool: 'text_echo', args: {} })).structuredContent).toMatchObject({
      code: 'invalid_input',
      field: '/args',
    })
    expect(
      (await call('tools_dispatch', { tool: 'text_echo', params: 'x' })).structuredContent,
    ).toMatchObject({
      code: 'invalid_input',
      field: '/params',
      value: 'x',
    })
    expect((await call('tools_dispatch', { tool: 'text_eco' })).structuredContent).toMatchObject({
      code: 'not_found',
      field: '/tool',
      allowed: 'text_echo',
    })
    expect(
      (await call('tools_dispatch', { tool: 'text_echo', category: 'data' })).structuredContent,
    ).toMatchObject({
      code: 'invalid_input',
      field: '/category',
    })
  })

  it('rank tools by what they do', async () => {
    const found = await call('tools_search', { query: 'upper case letters' })
    expect(found.structuredContent).toMatchObject({ tools: [{ name: 'text_shout' }] })
  })
})
