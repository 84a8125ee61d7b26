import { expect, it } from 'vitest'
import { askPerson, type Terminal } from './ask-person.ts'

/** A terminal at which these lines are typed, and what it showed. */
function typing(...lines: string[]): Terminal & { shown: string[] } {
  const shown: string[] = []
  return {
    shown,
    print: line => void shown.push(line),
    async question(prompt) {
      shown.push(prompt)
      return lines.shift()
    },
  }
}

const form = (properties: object, required: string[] = []) =>
  ({
    mode: 'form',
    message: 'Publish it?',
    requestedSchema: { type: 'object', properties, required },
  }) as Parameters<typeof askPerson>[0]
const signal = new AbortController().signal

it('asks field by field, and again for what does not fit', async () => {
  const terminal = typing('perhaps', 'yes', '', '7', '3', 'blue', 'red', 'a, c', 'a, b', 'fine')
  const answer = await askPerson(
    form(
      {
        ok: { type: 'boolean', title: 'Publish it' },
        skipped: { type: 'string' },
        copies: { type: 'integer', minimum: 1, maximum: 5 },
        colour: { type: 'string', enum: ['red', 'green'] },
        parts: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } },
        note: { type: 'string', description: 'For the log' },
      },
      ['ok', 'copies'],
    ),
    terminal,
    signal,
  )
  expect(answer).toEqual({
    action: 'accept',
    content: { ok: true, copies: 3, colour: 'red', parts: ['a', 'b'], note: 'fine' },
  })
  expect(terminal.shown.slice(0, 4)).toEqual([
    'Publish it?',
    'Publish it (yes or no): ',
    'allowed: yes or no',
    'Publish it (yes or no): ',
  ])
  expect(terminal.shown).toContain('colour (one of red, green; may be left out): ')
  expect(terminal.shown.at(-1)).toBe('note (For the log; a text; may be left out): ')
})

it('takes defaults for empty lines', async () => {
  const fields = { ok: { type: 'boolean', default: false }, level: { type: 'number', default: 2 } }
  expect(await askPerson(form(fields, ['ok']), typing('', ''), signal)).toEqual({
    action: 'accept',
    content: { ok: false, level: 2 },
  })
})

it('takes the end of the input for a refusal', async () => {
  expect(await askPerson(form({ ok: { type: 'boolean' } }), typing(), signal)).toEqual({ action: 'decline' })
})

it('asks for a yes where there is nothing to fill in', async () => {
  expect(await askPerson(form({}), typing('y'), signal)).toEqual({ action: 'accept', content: {} })
  for (const line of ['n', 'what?']) {
    expect(await askPerson(form({}), typing(line), signal)).toEqual({ action: 'decline' })
  }
})
