/** What users install: the packed package, with emitted JavaScript only, on a machine whose own Node may be old. */
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'playwright/test'
import { STARTS_AS_NPM_COMMAND } from '../src/node/test-runtime.fixture.ts'
import { callTool, connectClient, freshDir } from './node-process.ts'
import { copyOfCheckout } from './own-checkout.ts'

const run = promisify(execFile)

/** The PATH as a plain shell has it: without the folders that npm puts before it, so that the machine's own Node is first. */
const PLAIN_PATH = (process.env.PATH ?? '')
  .split(delimiter)
  .filter(folder => !folder.includes('node_modules') && !folder.includes('node-gyp-bin'))
  .join(delimiter)

function plainEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE$)/.test(name))
  return { ...Object.fromEntries(kept), PATH: PLAIN_PATH } as Record<string, string>
}

test.skip(!STARTS_AS_NPM_COMMAND, 'the command that npm installs is for Node')

test('packed and installed, it starts under a new enough Node, serves the dashboard and runs a tool', async () => {
  test.setTimeout(300_000)
  const folder = await freshDir()
  // It builds first, so in a checkout that nobody else uses.
  const checkout = await copyOfCheckout()
  await run('npm', ['pack', '--pack-destination', folder], { cwd: checkout, timeout: 120_000 })
  const { stdout: packed } = await run('ls', [folder])
  const tarball = packed
    .trim()
    .split('\n')
    .find(name => name.endsWith('.tgz'))
  const { stdout: listing } = await run('tar', ['-tzf', join(folder, tarball ?? '')])
  expect(listing).not.toMatch(/package\/(src|tools|e2e|web)\//)

  await writeFile(join(folder, 'package.json'), '{"name":"user","private":true}')
  const nodeVersion = (await import('../package.json', { with: { type: 'json' } })).default.devDependencies
    .node
  await run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--omit=peer', `./${tarball}`, `node@${nodeVersion}`],
    {
      cwd: folder,
      env: plainEnvironment(),
      timeout: 240_000,
    },
  )
  const bin = join(folder, 'node_modules/.bin/toolmesh')
  expect(existsSync(bin)).toBe(true)

  const written =
    "import { workflow } from 'toolmesh/workflow'; const flow = workflow('nap'); flow.wait('a', 5); console.log(JSON.stringify(flow))"
  const { stdout: definition } = await run(
    join(folder, 'node_modules/node/bin/node'),
    ['--input-type=module', '-e', written],
    { cwd: folder, env: plainEnvironment() },
  )
  expect(JSON.parse(definition)).toEqual({ name: 'nap', steps: [{ id: 'a', wait: { ms: 5 } }] })

  const child = spawn(bin, ['start', '--port', '0'], { cwd: folder, env: plainEnvironment() })
  try {
    const { promise: origin, resolve, reject } = Promise.withResolvers<string>()
    let text = ''
    const collect = (chunk: Buffer) => {
      text += chunk.toString()
      const found = text.match(/(http:\/\/[^\s/]+)\/join#v1\./)
      if (found?.[1]) resolve(found[1])
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('exit', code => reject(new Error(`exit ${code}:\n${text}`)))
    const client = await connectClient({ origin: await origin })
    const hashed = await callTool<{ digest: string }>(client, 'crypto_hash', { text: 'abc' })
    expect(hashed.digest).toMatch(/^ba7816bf/)
    const { tasks } = await callTool<{ tasks: { task_id: string }[] }>(client, 'p2p_taskqueue_submit', {
      tool: 'text_chunk',
      params: { text: 'one two three' },
    })
    const ended = await callTool<{ state: string }>(client, 'p2p_taskqueue_get_result', {
      task_id: tasks[0]?.task_id,
      wait_ms: 30_000,
    })
    expect(ended.state).toBe('succeeded')
    await client.close()
    expect((await fetch(`${await origin}/`)).headers.get('content-type')).toContain('text/html')
  } finally {
    const gone = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    await gone
  }
})
