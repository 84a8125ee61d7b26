/** Networks of their own for processes: Linux network namespaces, made and removed by `ip` (iproute2), as root. */
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

const PREFIX = 'toolmesh'

/** Why this machine cannot have namespaces; undefined when it can. */
export async function namespacesRefused(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces need Linux'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const name = `${PREFIX}-${process.pid}-probe`
  try {
    await run('ip', ['netns', 'add', name])
    await run('ip', ['netns', 'exec', name, 'iptables', '-t', 'nat', '-A', 'POSTROUTING', '-j', 'MASQUERADE'])
    return undefined
  } catch (error) {
    return `network namespaces cannot be made here: ${error instanceof Error ? error.message : error}`
  } finally {
    await run('ip', ['netns', 'del', name]).catch(() => {})
  }
}

/** The namespaces of one test. What a test leaves behind that was killed, the next one removes. */
export class Namespaces {
  readonly #names = new Map<string, string>()

  constructor() {
    removeThoseOfTheDead()
    // Also when the test runner is ended in the middle.
    process.once('exit', this.#removeNow)
  }

  /** Makes one with only its loopback up; gives its full name, for `ip netns exec`. */
  async add(role: string): Promise<string> {
    const name = `${PREFIX}-${process.pid}-${role}`
    await run('ip', ['netns', 'add', name])
    this.#names.set(role, name)
    await run('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
    return name
  }

  name(role: string): string {
    const name = this.#names.get(role)
    if (name === undefined) throw new Error(`no namespace ${role}`)
    return name
  }

  /** Runs a command of a few words in one. */
  async in(role: string, command: string): Promise<string> {
    const { stdout } = await run('ip', ['netns', 'exec', this.name(role), ...command.split(' ')])
    return stdout
  }

  /** A cable between two: each end has a device, and an address as 10.1.0.2/24 where one is given. */
  async cable(a: { role: string; device: string; address?: string }, b: typeof a): Promise<void> {
    const [from, to] = [this.name(a.role), this.name(b.role)]
    await run('ip', [
      ...['-n', from, 'link', 'add', a.device, 'type', 'veth', 'peer', 'name', b.device, 'netns', to],
    ])
    for (const end of [a, b]) {
      const ip = (...args: string[]) => run('ip', ['-n', this.name(end.role), ...args])
      if (end.address !== undefined) await ip('addr', 'add', end.address, 'dev', end.device)
      await ip('link', 'set', end.device, 'up')
    }
  }

  /** Removes all, with their devices and rules. The processes in them must have ended. */
  async remove(): Promise<void> {
    process.removeListener('exit', this.#removeNow)
    for (const name of this.#names.values()) await run('ip', ['netns', 'del', name]).catch(() => {})
    this.#names.clear()
  }

  readonly #removeNow = () => {
    for (const name of this.#names.values()) removeOne(name)
  }
}

function removeThoseOfTheDead(): void {
  const listed = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const line of listed.split('\n')) {
    const [name = ''] = line.split(' ')
    const [prefix, pid] = name.split('-')
    if (prefix === PREFIX && pid !== undefined && !isAlive(Number(pid))) removeOne(name)
  }
}

function removeOne(name: string): void {
  try {
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' })
  } catch {
    // Gone already, or somebody else's matter.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
