/**
 * A slow and lossy link between two network namespaces, as this kernel has no netem: a TUN device in each, and this
 * program between them, which holds each packet back and drops some. Run by Deno, which can call the C library:
 *
 *     deno run -A slow-link.deno.ts <namespace> <namespace> <delay, ms> <loss, 0 to 1> <seed>
 *
 * Each namespace gets the device `slow0`; "ready" is printed when both are there.
 */
declare const Deno: {
  args: string[]
  dlopen(
    path: string,
    symbols: Record<string, unknown>,
  ): { symbols: Record<string, (...args: unknown[]) => unknown> }
  openSync(path: string, options: object): unknown
}

const DEVICE = 'slow0'
const O_RDWR = 2
const O_RDONLY = 0
const CLONE_NEWNET = 0x40000000
/** `_IOW('T', 202, int)`, and the flags of a TUN device whose packets have no header before them (linux/if_tun.h). */
const TUNSETIFF = 0x400454ca
const IFF_TUN = 0x0001
const IFF_NO_PI = 0x1000
const MTU = 1500

const { symbols: c } = Deno.dlopen('libc.so.6', {
  open: { parameters: ['buffer', 'i32'], result: 'i32' },
  setns: { parameters: ['i32', 'i32'], result: 'i32' },
  ioctl: { parameters: ['i32', 'u64', 'buffer'], result: 'i32' },
  write: { parameters: ['i32', 'buffer', 'usize'], result: 'isize' },
  read: { parameters: ['i32', 'buffer', 'usize'], result: 'isize', nonblocking: true },
})

const [from = '', to = '', delay = '0', loss = '0', seed = '1'] = Deno.args
const delayMs = Number(delay)
const dropped = Number(loss)
let state = Number(seed) >>> 0

const [a, b] = [tunIn(from), tunIn(to)]
console.log('ready')
void carry(a, b)
void carry(b, a)

/** The descriptor stays good when the thread has gone on to another namespace. */
function tunIn(namespace: string): number {
  const network = check(c.open?.(text(`/run/netns/${namespace}`), O_RDONLY), `open ${namespace}`)
  check(c.setns?.(network, CLONE_NEWNET), 'setns')
  const tun = check(c.open?.(text('/dev/net/tun'), O_RDWR), 'open /dev/net/tun')
  const request = new Uint8Array(40)
  request.set(new TextEncoder().encode(DEVICE))
  new DataView(request.buffer).setUint16(16, IFF_TUN | IFF_NO_PI, true)
  check(c.ioctl?.(tun, BigInt(TUNSETIFF), request), 'TUNSETIFF')
  return tun
}

async function carry(source: number, target: number): Promise<void> {
  for (;;) {
    const packet = new Uint8Array(MTU + 100)
    const size = Number(await c.read?.(source, packet, BigInt(packet.length)))
    if (size <= 0) return
    if (random() < dropped) continue
    setTimeout(() => c.write?.(target, packet, BigInt(size)), delayMs)
  }
}

/** mulberry32: the same packets are lost in each run of a seed, as far as they come in the same order. */
function random(): number {
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`)
}

function check(result: unknown, what: string): number {
  if (typeof result !== 'number' || result < 0) throw new Error(`${what}: ${String(result)}`)
  return result
}
