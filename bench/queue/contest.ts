import { join } from 'node:path'
import { measuredBy } from '../measured-by.ts'
import { type BareFsync, bareFsync } from './bare-fsync.ts'
import { watchOthers } from './cpu-time.ts'
import { postgresPrograms, startPostgres } from './postgres.ts'
import { hasRedis, startRedis } from './redis.ts'
import { installRivals } from './rivals.ts'
import { type Round, roundSchema } from './round.ts'
import type { Server } from './server.ts'
import { removeFolder, temporaryFolder } from './temporary-folder.ts'

const ROUNDS = 3

/** What a contender promises of a task that it acknowledged: it survives a loss of power, or may not. */
export type Durability = 'durable' | 'not durable'

interface Entrant {
  name: string
  durability: Durability
  isOurs: boolean
  /** One round in a process of its own, with a new store or server. */
  round(): Promise<Round>
}

export interface Contest {
  rounds: number
  results: { name: string; durability: Durability; isOurs: boolean; rounds: Round[] }[]
  /** Who could not take part, and why. */
  absent: { name: string; reason: string }[]
  fsync: BareFsync
  /** Cores that other programs kept busy meanwhile, on average; undefined where it cannot be known. */
  othersCores: number | undefined
}

/** All contenders by turns, so that each sees the same machine. */
export async function contest(): Promise<Contest> {
  const absent: Contest['absent'] = []
  const entrants = [ours('full'), ours('normal'), ...(await rivals(absent))]
  const results: { entrant: Entrant; rounds: Round[] }[] = entrants.map(entrant => ({ entrant, rounds: [] }))
  const othersCores = watchOthers()
  const fsync: BareFsync = { appended: [], overwritten: [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const { entrant, rounds } of results) {
      const { appended, overwritten } = await bareFsync()
      fsync.appended.push(...appended)
      fsync.overwritten.push(...overwritten)
      process.stderr.write(`round ${round + 1} of ${ROUNDS}: ${entrant.name}\n`)
      try {
        rounds.push(await entrant.round())
      } catch (error) {
        if (entrant.isOurs) throw error
        absent.push({ name: entrant.name, reason: `round ${round + 1} failed: ${error}` })
      }
    }
  }
  return {
    rounds: ROUNDS,
    results: results
      .filter(({ rounds }) => rounds.length > 0)
      .map(({ entrant: { name, durability, isOurs }, rounds }) => ({ name, durability, isOurs, rounds })),
    absent,
    fsync,
    othersCores: othersCores(),
  }
}

function ours(synchronous: 'full' | 'normal'): Entrant {
  return {
    name: `toolmesh, ${synchronous}`,
    durability: synchronous === 'full' ? 'durable' : 'not durable',
    isOurs: true,
    async round() {
      const folder = await temporaryFolder()
      try {
        const program = join(import.meta.dirname, 'toolmesh-round.ts')
        return await measuredBy(program, [folder, synchronous], roundSchema)
      } finally {
        await removeFolder(folder)
      }
    },
  }
}

async function rivals(absent: Contest['absent']): Promise<Entrant[]> {
  const missing = await installRivals()
  const programs = postgresPrograms()
  const noRedis = missing ?? (hasRedis() ? undefined : 'no redis-server here (Debian: redis-server)')
  const noPostgres =
    missing ?? (programs === undefined ? 'no PostgreSQL here (Debian: postgresql)' : undefined)
  const entrants: Entrant[] = []
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
  return entrants
}

function rival(name: string, durability: Durability, file: string, start: () => Promise<Server>): Entrant {
  return {
    name,
    durability,
    isOurs: false,
    async round() {
      const server = await start()
      try {
        const program = join(import.meta.dirname, '..', 'rivals', file)
        return await measuredBy(program, [server.address, String(server.pid)], roundSchema)
      } finally {
        await server.stop()
      }
    },
  }
}
