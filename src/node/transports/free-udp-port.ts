import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { runtimeName } from '../runtime-name.ts'

/** Below the ports that systems give to who asks for any (from 32,768 on Linux), so that nobody is given it meanwhile. */
const LOWEST = 20_000
const PORTS = 12_000
const TRIES = 20

/**
 * A UDP port that is free on all interfaces now, and is given to no other socket that asks for any. Deno lets go of a
 * socket some time after it says so: there a port is taken by chance, and not tried.
 */
export async function freeUdpPort(): Promise<number> {
  const any = () => LOWEST + Math.floor(Math.random() * PORTS)
  if (runtimeName() === 'deno') return any()
  for (let tries = 0; tries < TRIES; tries++) {
    const port = await bound(any())
    if (port !== undefined) return port
  }
  return (await bound(0)) ?? 0
}

/** The port, when it could be bound. */
async function bound(port: number): Promise<number | undefined> {
  const socket = createSocket('udp4')
  try {
    socket.bind(port)
    await once(socket, 'listening')
  } catch {
    return undefined
  }
  const { port: taken } = socket.address()
  socket.close()
  await once(socket, 'close')
  return taken
}
