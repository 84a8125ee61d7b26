import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in ticks of 10 ms, whatever the kernel's own. */
const TICKS_PER_SECOND = 100

/** CPU seconds so far of this process and of a server with its children (0 where there is no /proc). */
export function cpuSeconds(serverPid: number | undefined): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6 + (serverPid === undefined ? 0 : serverSeconds(serverPid))
}

/**
 * Begins to count; the returned function tells how many cores other programs kept busy since, on average: figures are
 * worth little where it is not near 0. Undefined where there is no /proc. What it measured must have been reaped.
 */
export function watchOthers(): () => number | undefined {
  if (process.platform !== 'linux') return () => undefined
  const before = { at: performance.now(), busy: busySeconds(), own: ownSeconds() }
  return () => {
    const others = busySeconds() - before.busy - (ownSeconds() - before.own)
    return Math.max(0, others / ((performance.now() - before.at) / 1000))
  }
}

/** Of all cores, since the machine started (proc(5): user, nice, system, idle, iowait, irq, softirq, steal). */
function busySeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/\s+/).slice(1).map(Number)
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND
}

/** Of this process and of all its descendants that have ended. */
function ownSeconds(): number {
  const stat = statOf('self')
  return stat === undefined ? 0 : (stat.own + stat.reaped) / TICKS_PER_SECOND
}

function serverSeconds(pid: number): number {
  if (process.platform !== 'linux') return 0
  let ticks = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = statOf(name)
    if (stat === undefined) continue
    if (Number(name) === pid) ticks += stat.own + stat.reaped
    else if (stat.parent === pid) ticks += stat.own
  }
  return ticks / TICKS_PER_SECOND
}

function statOf(pid: string): { parent: number; own: number; reaped: number } | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    // It ended since the folder was read.
    return undefined
  }
  // proc(5): state, ppid, … utime, stime, cutime, cstime; the name before them may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const field = (index: number): number => Number(fields[index])
  return { parent: field(1), own: field(11) + field(12), reaped: field(13) + field(14) }
}
