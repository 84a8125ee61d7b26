import { describe, expect, it } from 'vitest'
import { LinkLostError } from '../../queue/errors.ts'
import type { JsonObject } from '../../tools/tool.ts'
import { workflowOf } from '../../workflow/ownership/ownership.fixture.ts'
import type { SurfaceTool } from '../surface.ts'
import { principalWith } from '../text-tools.fixture.ts'
import { forwardMoved } from './forward-moved.ts'

const NAMES = [
  'status',
  'result',
  'get_dag',
  'cancel',
  'signal',
  'reschedule',
  'coordinate',
  'list',
  'submit',
]
const here = { answer: 'here' }
const there = { answer: 'there' }
const { signal } = new AbortController()

function tools(call: () => Promise<JsonObject> = async () => there) {
  const asked: unknown[] = []
  const local = NAMES.map((name): SurfaceTool => {
    return {
      name: `p2p_workflow_${name}`,
      category: 'p2p_workflow',
      title: name,
      description: name,
      inputSchema: {},
      role: 'submit',
      call: async () => here,
    }
  })
  const forwarded = forwardMoved(local, {
    async head(id) {
      const { head } = workflowOf(id, 'engine', 0)
      return { ...head, principal: 'peer:owner', ...(id === 'moved' ? { moved_to: 'far', ended_at: 1 } : {}) }
    },
    async call(...request) {
      asked.push(request.slice(0, 3))
      return call()
    },
  })
  const ask = (name: string, input: JsonObject, principal = principalWith('peer:owner', 'submit')) => {
    const tool = forwarded.find(each => each.name === `p2p_workflow_${name}`)
    if (tool === undefined) throw new Error(`no tool ${name}`)
    return tool.call(input, { principal, signal })
  }
  return { ask, asked }
}

describe('a workflow that was handed over', () => {
  it.each(['status', 'result', 'get_dag', 'cancel', 'signal', 'reschedule'])(
    'is asked about where it is: %s',
    async name => {
      const { ask, asked } = tools()
      const input = { workflow_id: 'moved', more: 1 }
      expect(await ask(name, input)).toBe(there)
      expect(asked).toEqual([['far', `p2p_workflow_${name}`, input]])
      expect(await ask(name, { workflow_id: 'at home' })).toBe(here)
    },
  )

  it('is listed, and its whereabouts told, by the node that it left', async () => {
    const { ask, asked } = tools()
    expect(await ask('coordinate', { workflow_id: 'moved' })).toBe(here)
    expect(await ask('list', {})).toBe(here)
    expect(await ask('submit', { workflow: {} })).toBe(here)
    expect(asked).toEqual([])
  })

  it('is taken back by an admin alone', async () => {
    const { ask, asked } = tools()
    const input = { workflow_id: 'moved', to: 'home' }
    await expect(ask('coordinate', input)).rejects.toMatchObject({ code: 'forbidden' })
    expect(asked).toEqual([])
    expect(await ask('coordinate', input, principalWith('local', 'admin'))).toBe(there)
  })

  it('is not there for those who may not see it, or not change it', async () => {
    const { ask, asked } = tools()
    const other = principalWith('peer:other', 'submit')
    const reader = principalWith('peer:reader', 'read')
    await expect(ask('status', { workflow_id: 'moved' }, other)).rejects.toMatchObject({ code: 'not_found' })
    await expect(ask('cancel', { workflow_id: 'moved' }, other)).rejects.toMatchObject({ code: 'not_found' })
    await expect(ask('cancel', { workflow_id: 'moved' }, reader)).rejects.toMatchObject({ code: 'not_found' })
    expect(asked).toEqual([])
    expect(await ask('status', { workflow_id: 'moved' }, reader)).toBe(there)
  })

  it('is out of reach while its node is', async () => {
    const { ask } = tools(async () => {
      throw new LinkLostError('far')
    })
    await expect(ask('status', { workflow_id: 'moved' })).rejects.toMatchObject({
      code: 'owner_unreachable',
      retryable: true,
      message: expect.stringContaining('far'),
    })
  })
})
