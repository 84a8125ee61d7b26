import { simulate } from './simulate.ts'

const [n, signed] = process.argv.slice(2)
const t = process.cpuUsage()
const r = await simulate({ peers: Number(n), seed: 1, signed: signed === 'signed' })
const c = process.cpuUsage(t)
const q = (a: number[], p: number) =>
  a.length ? a.sort((x, y) => x - y)[Math.min(a.length - 1, Math.floor(a.length * p))] : null
console.log(
  JSON.stringify(
    {
      ...r,
      popularFoundMs: [r.popularFoundMs.length, q(r.popularFoundMs, 0.5), q(r.popularFoundMs, 0.99)],
      rareFoundMs: [r.rareFoundMs.length, q(r.rareFoundMs, 0.5), q(r.rareFoundMs, 0.99)],
      tasks: { ...r.tasks, delays: [q(r.tasks.delays, 0.5), q(r.tasks.delays, 0.99)] },
    },
    null,
    1,
  ),
)
console.log('cpu', (c.user + c.system) / 1e6, 'rss', process.memoryUsage().rss / 1e6)
