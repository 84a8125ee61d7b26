import type { Elicit, SurfaceTool } from '../surface.ts'

/** What a person is asked in tests. */
export const QUESTION = {
  message: 'Publish it?',
  schema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
}

/** For the tests of bindings: a tool that asks the caller's user, and tells what came of it; an abort takes the question back. */
export function askingTool(
  question: Parameters<Elicit>[0] = QUESTION,
  stop = new AbortController().signal,
): SurfaceTool {
  return {
    name: 'ask',
    category: 'test',
    title: 'Ask',
    description: 'Asks.',
    role: 'submit',
    inputSchema: { type: 'object' },
    async call(_input, { elicit, signal }) {
      if (elicit === undefined) return { able: false }
      const content = await elicit(question, AbortSignal.any([signal, stop]))
      return content === undefined ? { able: true } : { able: true, content }
    },
  }
}
