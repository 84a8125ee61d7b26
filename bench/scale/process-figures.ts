import { readFile } from 'node:fs/promises'

/** Clock ticks of /proc a second; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

export interface ProcessFigures {
  /** Resident memory without what processes share, MiB. */
  ownMiB: number
  /** Processor time so far, seconds. */
  cpuSeconds: number
}

/** What some processes hold and have used, all together (Linux). */
export async function figuresOf(pids: readonly number[]): Promise<ProcessFigures> {
  const all = await Promise.all(pids.map(figuresOfOne))
  return {
    ownMiB: all.reduce((sum, { ownMiB }) => sum + ownMiB, 0),
    cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  }
}

async function figuresOfOne(pid: number): Promise<ProcessFigures> {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ])
  const kib = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
  // The name in brackets may hold spaces: the fields are counted from behind it (proc(5): utime and stime are 14 and 15).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    ownMiB: kib / 1024,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  }
}
