/** `node run-world.ts <peers> <seed>`: one simulation in a process of its own; prints what was found as JSON. */
import { z } from 'zod'
import { simulate } from './simulate.ts'

const [peers, seed] = z.tuple([z.coerce.number().int(), z.coerce.number().int()]).parse(process.argv.slice(2))
const simulated = await simulate({ peers, seed, signed: false })
const { user, system } = process.cpuUsage()
const { rss } = process.memoryUsage()
process.stdout.write(
  `${JSON.stringify({ ...simulated, cpu_s: (user + system) / 1e6, process_mib: rss / 1024 / 1024 })}\n`,
)
