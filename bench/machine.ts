import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

/** Where a benchmark ran: figures are to be compared on one machine and at one load only. */
export interface Machine {
  cpu: string
  cores: number
  memory_gib: number
  platform: string
  node: string
  /** Of the last minute, before the run. */
  load: number
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    load: loadavg()[0] ?? 0,
  }
}
