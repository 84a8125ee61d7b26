import type { RuntimeKind, RuntimeLoad } from './runtime.ts'

/** Milliseconds that the way to a runtime and back costs, roughly, on one machine or LAN. */
const HOP_MS: Record<RuntimeKind, number> = { inline: 0, worker: 0.2, peer: 2, upstream: 5 }

/** Share of a call's time that a fully used runtime adds to it: its calls share cores and memory. */
const CONTENTION = 0.5

/** Expected milliseconds until a call ends on a runtime: lower is better. Infinite where there is no capacity. */
export function score(kind: RuntimeKind, load: RuntimeLoad, expectedMs: number): number {
  if (load.capacity <= 0) return Number.POSITIVE_INFINITY
  const ahead = load.running + load.waiting
  const utilisation = Math.min(ahead / load.capacity, 1)
  const rounds = Math.max(0, (ahead - load.capacity + 1) / load.capacity)
  return HOP_MS[kind] + expectedMs * (1 + CONTENTION * utilisation + rounds)
}
