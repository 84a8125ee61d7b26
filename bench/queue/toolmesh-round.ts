/** `node toolmesh-round.ts <folder> <full|normal>`: one round of our queue; prints it as JSON. */
import { join } from 'node:path'
import { z } from 'zod'
import { measure } from './measure.ts'
import { toolmesh } from './toolmesh.ts'

const [folder, mode] = z.tuple([z.string(), z.enum(['full', 'normal'])]).parse(process.argv.slice(2))
const contender = await toolmesh(join(folder, 'queue.db'), mode)
process.stdout.write(`${JSON.stringify(await measure(contender))}\n`)
await contender.close()
