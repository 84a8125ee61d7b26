/**
 * Our queue as a contender (take-steps.ts), with its store in a new folder. By itself, for example:
 * `printf '%s\n' warm_up at_64 | node bench/queue/toolmesh-round.ts <folder> full`.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { takeSteps } from './take-steps.ts'
import { toolmesh } from './toolmesh.ts'

const [folder, mode] = z.tuple([z.string(), z.enum(['full', 'normal'])]).parse(process.argv.slice(2))
await takeSteps(await toolmesh(join(folder, 'queue.db'), mode))
