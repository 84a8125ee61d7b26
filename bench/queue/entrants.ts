import { join } from 'node:path'
import { ContenderProcess } from './contender-process.ts'
import { postgresPrograms, startPostgres } from './postgres.ts'
import { hasRedis, startRedis } from './redis.ts'
import { installRivals } from './rivals.ts'
import type { Server } from './server.ts'
import { removeFolder, temporaryFolder } from './temporary-folder.ts'

/** What a contender promises of a task that it acknowledged: it survives a loss of power, or may not. */
export type Durability = 'durable' | 'not durable'

export interface Entrant {
  name: string
  durability: Durability
  isOurs: boolean
  /** A process of its own, with a new store or server. */
  start(): Promise<Running>
}

export interface Running {
  contender: ContenderProcess
  /** Ends what is left of it and of its server, and removes their files. */
  dispose(): Promise<void>
}

/** Who cannot take part, and why. */
export interface Absence {
  name: string
  reason: string
}

/** Ours and every rival that can be had here. */
export async function allEntrants(): Promise<{ entrants: Entrant[]; absent: Absence[] }> {
  const { entrants, absent } = await rivals()
  return { entrants: [ours('full'), ours('normal'), ...entrants], absent }
}

function ours(synchronous: 'full' | 'normal'): Entrant {
  return {
    name: `toolmesh, ${synchronous}`,
    durability: synchronous === 'full' ? 'durable' : 'not durable',
    isOurs: true,
    async start() {
      const folder = await temporaryFolder()
      const program = join(import.meta.dirname, 'toolmesh-round.ts')
      return running(program, [folder, synchronous], () => removeFolder(folder))
    },
  }
}

async function rivals(): Promise<{ entrants: Entrant[]; absent: Absence[] }> {
  const missing = await installRivals()
  const programs = postgresPrograms()
  const noRedis = missing ?? (hasRedis() ? undefined : 'no redis-server here (Debian: redis-server)')
  const noPostgres =
    missing ?? (programs === undefined ? 'no PostgreSQL here (Debian: postgresql)' : undefined)
  const entrants: Entrant[] = []
  const absent: Absence[] = []
  const enter = (name: string, durability: Durability, file: string, start: () => Promise<Server>): void => {
    const reason = file === 'bullmq.ts' ? noRedis : noPostgres
    if (reason === undefined) entrants.push(rival(name, durability, file, start))
    else absent.push({ name, reason })
  }
  const postgres = () => startPostgres(programs ?? '')
  enter('BullMQ, appendfsync always', 'durable', 'bullmq.ts', () => startRedis('always'))
  enter('BullMQ, appendfsync everysec', 'not durable', 'bullmq.ts', () => startRedis('everysec'))
  enter('pg-boss, synchronous_commit on', 'durable', 'pg-boss.ts', postgres)
  enter('graphile-worker, synchronous_commit on', 'durable', 'graphile-worker.ts', postgres)
  return { entrants, absent }
}

function rival(
  name: string,
  durability: Durability,
  file: string,
  startServer: () => Promise<Server>,
): Entrant {
  return {
    name,
    durability,
    isOurs: false,
    async start() {
      const server = await startServer()
      const program = join(import.meta.dirname, '..', 'rivals', file)
      return running(program, [server.address, String(server.pid)], () => server.stop())
    },
  }
}

/** `release` frees what the program was given, also when it does not start. */
async function running(program: string, args: string[], release: () => Promise<void>): Promise<Running> {
  try {
    const contender = await ContenderProcess.start(program, args)
    return {
      contender,
      async dispose() {
        await contender.stop()
        await release()
      },
    }
  } catch (error) {
    await release()
    throw error
  }
}
