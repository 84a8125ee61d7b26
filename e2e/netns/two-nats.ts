/**
 * A small internet: a relay in the open, and two homes, each behind a router of its own that translates addresses.
 *
 *     left 10.1.0.2 -- left-router 5.0.0.20 --+
 *                                             +-- wan --- 5.0.0.10 relay
 *     right 10.2.0.2 - right-router 5.0.0.30 -+
 *
 * The addresses of the wan are public ones to look at; nothing leaves the namespaces.
 */
import { Namespaces } from './namespaces.ts'

/**
 * How a router gives ports: `cone` keeps a host's port for all that it talks to, as Linux does with plain masquerade, so
 * that what the relay sees of it is where others reach it; `symmetric` takes another one for each.
 */
export type NatKind = 'cone' | 'symmetric'

export const RELAY_ADDRESS = '5.0.0.10'

export interface TwoNats {
  readonly spaces: Namespaces
  /** Cuts a home off from the wan, or lets it back. */
  cut(home: 'left' | 'right'): Promise<void>
  heal(home: 'left' | 'right'): Promise<void>
  remove(): Promise<void>
}

export async function twoNats(nats: { left: NatKind; right: NatKind }): Promise<TwoNats> {
  const spaces = new Namespaces()
  try {
    await wan(spaces)
    await home(spaces, { name: 'left', lan: '10.1.0', publicAddress: '5.0.0.20', nat: nats.left })
    await home(spaces, { name: 'right', lan: '10.2.0', publicAddress: '5.0.0.30', nat: nats.right })
  } catch (error) {
    await spaces.remove()
    throw error
  }
  return {
    spaces,
    cut: async name => {
      await spaces.in(`${name}-router`, 'iptables -I FORWARD -j DROP')
    },
    heal: async name => {
      await spaces.in(`${name}-router`, 'iptables -D FORWARD -j DROP')
    },
    remove: () => spaces.remove(),
  }
}

/** A switch, and the relay at it. */
async function wan(spaces: Namespaces): Promise<void> {
  await spaces.add('wan')
  await spaces.add('relay')
  await spaces.in('wan', 'ip link add switch type bridge')
  await spaces.in('wan', 'ip link set switch up')
  await plugIn(spaces, 'relay', RELAY_ADDRESS)
}

async function plugIn(spaces: Namespaces, role: string, address: string): Promise<void> {
  const port = `to-${role}`.slice(0, 15)
  await spaces.cable({ role, device: 'wan0', address: `${address}/24` }, { role: 'wan', device: port })
  await spaces.in('wan', `ip link set ${port} master switch`)
}

async function home(
  spaces: Namespaces,
  { name, lan, publicAddress, nat }: { name: string; lan: string; publicAddress: string; nat: NatKind },
): Promise<void> {
  const router = `${name}-router`
  await spaces.add(name)
  await spaces.add(router)
  await plugIn(spaces, router, publicAddress)
  await spaces.cable(
    { role: name, device: 'lan0', address: `${lan}.2/24` },
    { role: router, device: 'lan0', address: `${lan}.1/24` },
  )
  await spaces.in(name, `ip route add default via ${lan}.1`)
  await spaces.in(router, 'sysctl -qw net.ipv4.ip_forward=1')
  const randomly = nat === 'symmetric' ? ' --random-fully' : ''
  await spaces.in(router, `iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE${randomly}`)
  // What nobody inside asked for does not come in; the router itself answers nothing, as it is.
  await spaces.in(router, 'iptables -A FORWARD -i wan0 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT')
  await spaces.in(router, 'iptables -A FORWARD -i wan0 -j DROP')
  await spaces.in(router, 'iptables -A INPUT -i wan0 -j DROP')
}
