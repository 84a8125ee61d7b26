#!/usr/bin/env node
/**
 * The entry of `toolmesh`, in plain JavaScript that any Node from 14 on can run. On a Node that is too old it
 * starts itself again under the Node that the `node` package brings; else it loads the command line: the
 * TypeScript source in a checkout, the emitted JavaScript when installed (Node strips no types below node_modules).
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants, homedir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const OLDEST_NODE = 24
/** Tells the second start that it is one. Taken out of the environment before any setting is read. */
const RESTARTED = 'TOOLMESH_RESTARTED'

/** Deno stands for a Node of its own version, keeps compiled code by itself, and runs this entry with `-A`. */
const ON_DENO = process.versions.deno !== undefined

const bin = fileURLToPath(import.meta.url)
const root = dirname(dirname(bin))

if (majorOf(process.versions.node) < OLDEST_NODE) restart()
else run().catch(fail)

async function run() {
  if (process.env[RESTARTED] !== undefined) followParent()
  if (!ON_DENO) await cacheCompiledCode()
  const { main } = await import(pathToFileURL(commandLine()).href)
  await main(process.argv.slice(2))
  if (ON_DENO) await end()
}

/**
 * Compiled code, types stripped, is kept for the next start: that start is twice as fast and takes 30 MB less. In the
 * user's own folder, as Node's default below /tmp could be filled by others. Worker threads find it by the variable.
 */
async function cacheCompiledCode() {
  const { enableCompileCache, getCompileCacheDir } = await import('node:module')
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'toolmesh')
  enableCompileCache(process.env.NODE_COMPILE_CACHE || folder)
  if (getCompileCacheDir() !== undefined && !process.env.NODE_COMPILE_CACHE)
    process.env.NODE_COMPILE_CACHE = folder
}

/**
 * A command that had a node in its process is over, and the process would stay: libp2p's locks (mortice) listen on a
 * BroadcastChannel, which Deno cannot leave out of account as Node can. What was printed goes out first.
 */
async function end() {
  for (const stream of [process.stdout, process.stderr])
    await new Promise(written => stream.write('', written))
  process.exit()
}

function commandLine() {
  const source = join(root, 'src', 'node', 'cli', 'main.ts')
  const emitted = join(root, 'dist', 'src', 'node', 'cli', 'main.js')
  const installed = root.split(sep).includes('node_modules')
  return !installed && existsSync(source) ? source : emitted
}

/**
 * Runs the same command under a new enough Node. The child gets a process group of its own: a terminal's Ctrl-C
 * then reaches only this process, which passes it on, so that each signal arrives exactly once.
 */
function restart() {
  const node = packagedNode()
  if (node === undefined) {
    fail(new Error(`needs Node ${OLDEST_NODE} or newer, and this is ${process.version}`))
    return
  }
  const child = spawn(node, process.execArgv.concat(bin, process.argv.slice(2)), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: Object.assign({}, process.env, { [RESTARTED]: '1' }),
    detached: process.platform !== 'win32',
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', fail)
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? code : 128 + constants.signals[signal])
  })
}

/** The binary of the `node` package, where it is installed and new enough. */
function packagedNode() {
  try {
    const manifest = createRequire(bin).resolve('node/package.json')
    const { version, bin: files } = JSON.parse(readFileSync(manifest, 'utf8'))
    if (majorOf(version) < OLDEST_NODE) return undefined
    const path = join(dirname(manifest), typeof files === 'string' ? files : files.node)
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

/** Ends with the process that started this one, even when that was killed without a chance to say so. */
function followParent() {
  delete process.env[RESTARTED]
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}

function majorOf(version) {
  return Number(version.split('.')[0])
}

function fail(error) {
  process.stderr.write(`toolmesh: ${error.message}\n`)
  process.exitCode = 1
}
