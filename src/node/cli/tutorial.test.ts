/** docs/TUTORIAL.md as it is written: its commands one after another on a node, and what they answer. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toolmeshHere } from './in-process.fixture.ts'
import { type Started, startedNode } from './node.fixture.ts'

const EXAMPLES = readdirSync('docs/examples')
const TUTORIAL = readFileSync('docs/TUTORIAL.md', 'utf8')

/** How long a condition may take to come about on a busy machine. */
const PATIENT = { timeout: 30_000 }

interface Block {
  language: string
  text: string
}

/** The blocks of the section with this heading. */
function blocksOf(heading: string): Block[] {
  const [, section = ''] = TUTORIAL.split(`\n## ${heading}\n`)
  const [own = ''] = section.split('\n## ')
  return [...own.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))
}

/** A command line as a shell would split it. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain = '']) => quoted ?? plain).slice(1)
}

describe('the tutorial', { timeout: 120_000 }, () => {
  let node: Started
  beforeAll(async () => {
    node = await startedNode()
  }, 60_000)
  afterAll(async () => {
    await node.end('SIGKILL')
  })

  async function run(words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await toolmeshHere([...words, '--data-dir', node.dataDir])
    expect(status, `${words.join(' ')}: ${stderr}`).toBe(0)
    return stdout
  }
  const json = async (...words: string[]) => JSON.parse(await run([...words, '--json']))

  /** Runs the commands of a section; a block of JSON behind them is what the last one answered. */
  async function follow(heading: string): Promise<string[]> {
    const answers: string[] = []
    for (const { language, text } of blocksOf(heading)) {
      if (language === 'sh')
        for (const line of text.trim().split('\n')) answers.push(await run(wordsOf(line)))
      if (language !== 'json') continue
      const { workflow_id, ...outcome } = JSON.parse(answers.at(-1) ?? '')
      expect(outcome).toEqual(JSON.parse(text))
      answers.push(workflow_id)
    }
    expect(answers).not.toEqual([])
    return answers
  }

  it('shows every example', () => {
    const shown = EXAMPLES.filter(
      name => TUTORIAL.includes(name) || readFileSync('docs/WORKFLOWS.md', 'utf8').includes(name),
    )
    expect(shown).toEqual(EXAMPLES)
  })

  it.each(EXAMPLES.filter(name => name !== 'nightly.json'))(
    'has an example that a node takes: %s',
    async name => {
      const { input_schema } = JSON.parse(readFileSync(join('docs/examples', name), 'utf8'))
      const input = { text: 'a', documents: [{ name: 'a', text: 'a' }], query: 'a', base64: 'YQ==' }
      const wanted = Object.entries(input).filter(
        ([field]) => input_schema?.properties[field] ?? field === 'text',
      )
      const words = ['workflows', 'submit', `docs/examples/${name}`, '--dry-run']
      await run([...words, '--input', JSON.stringify(Object.fromEntries(wanted))])
    },
  )

  it('maps and reduces a folder of documents', async () => {
    const [report = '', , id = ''] = await follow('Map and reduce over a folder of documents')
    expect(report).toMatch(/^Report bafkrei\w+$/m)
    expect(report).toMatch(/ ARCHITECTURE\.md$/m)
    expect(await run(['workflows', 'list', '--name', 'document-report'])).toMatch(/ succeeded /)
    const { items } = await json('workflows', 'status', id, '--step', 'profile')
    expect(items).toHaveLength(3)

    const [line = ''] = blocksOf('Map and reduce over a folder of documents')
      .flatMap(({ text }) => text.split('\n'))
      .filter(text => text.includes('folder-report.json'))
    const one = line.replace('{"name":"bees.md"', '{"name":"new.md","text":"Ants."},{"name":"bees.md"')
    const again = JSON.parse(await run(wordsOf(one)))
    const cached = await json('workflows', 'status', again.workflow_id, '--step', 'profile')
    expect(cached.items.map((item: { cached?: boolean }) => item.cached === true)).toEqual([
      true,
      true,
      false,
      true,
    ])
  })

  it('goes on beside a branch that fails', async () => {
    const [, id = ''] = await follow('A diamond with a failing branch')
    const status = await run(['workflows', 'status', id])
    expect(status).toMatch(/^archive +failed .*a readable ZIP archive/m)
    expect(status).toMatch(/^files +skipped .*depends on archive, which failed$/m)
    expect(status).toMatch(/^text +succeeded /m)

    const zip = readFileSync('tools/fixtures/plain.zip').toString('base64')
    await run(['workflows', 'reschedule', id, '--from', 'digest', '--input', JSON.stringify({ base64: zip })])
    expect(await json('workflows', 'result', id, '--wait', '30s')).toMatchObject({
      state: 'succeeded',
      result: { files: expect.arrayContaining([expect.any(String)]) },
    })

    const definition = JSON.parse(readFileSync('docs/examples/diamond.json', 'utf8'))
    for (const step of definition.steps) delete step.on_error
    const submission = { workflow: definition, input: { base64: 'T3dscyBodW50IG1pY2Uu' } }
    const { workflow_id } = JSON.parse(await run(['call', 'p2p_workflow_submit', JSON.stringify(submission)]))
    const failed = ['workflows', 'result', workflow_id, '--wait', '30s', '--data-dir', node.dataDir]
    expect(await toolmeshHere(failed)).toMatchObject({ status: 1 })
    expect(await json('workflows', 'status', workflow_id)).toMatchObject({ state: 'failed' })
    expect(await run(['workflows', 'status', workflow_id])).toMatch(/^about +succeeded /m)
  })

  it('runs every night', async () => {
    const answers = await follow('Every night')
    expect(answers[2]).toMatch(/^nightly runs next at 20.*:00:00/)
    const [line = ''] = blocksOf('Every night')
      .flatMap(({ text }) => text.split('\n'))
      .filter(text => text.includes("'0 3 * * *'"))
    await run(wordsOf(line.replace("'0 3 * * *'", "'* * * * * *'")))
    const labelled = ['workflows', 'list', '--labels', 'schedule=nightly', '--state', 'succeeded']
    await expect.poll(async () => (await json(...labelled)).workflows.length, PATIENT).toBeGreaterThan(0)
    await run(['tasks', 'schedule', 'nightly', '--remove'])
  })

  it('asks for approval through MCP elicitation', async () => {
    const [submitted = ''] = await follow("A person's approval")
    const [workflow_id] = submitted.split(' ')
    const client = new Client({ name: 'chat', version: '1' }, { capabilities: { elicitation: {} } })
    const asked: unknown[] = []
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params.message)
      return { action: 'accept', content: { approved: true, note: 'Fine.' } }
    })
    await client.connect(new StreamableHTTPClientTransport(new URL(node.facts.mcp)))
    try {
      const { structuredContent } = await client.callTool({
        name: 'p2p_workflow_result',
        arguments: { workflow_id, wait_ms: 30_000 },
      })
      expect(structuredContent).toMatchObject({
        state: 'succeeded',
        result: { publish: { digest: expect.any(String) } },
      })
    } finally {
      await client.close()
    }
    expect(asked).toEqual(['Publish this text?'])
  })
})
