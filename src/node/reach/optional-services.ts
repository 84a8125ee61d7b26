import type { Libp2pOptions } from 'libp2p'
import type { Config } from '../config.ts'

type Services = NonNullable<Libp2pOptions['services']>

/**
 * What the settings add to libp2p, loaded only then: a router that is asked to map the ports (UPnP), and a certificate of a
 * public authority for the WebSocket listeners (AutoTLS: registration.libp2p.direct and Let's Encrypt are asked, once the
 * node has a public address).
 */
export async function optionalServices({
  upnp,
  autoTls,
}: Pick<Config['p2p'], 'upnp' | 'autoTls'>): Promise<Services> {
  const services: Services = {}
  if (upnp) {
    const { uPnPNAT } = await import('@libp2p/upnp-nat')
    services.upnp = uPnPNAT({ portMappingDescription: 'toolmesh', autoConfirmAddress: true })
  }
  if (autoTls) {
    const { autoTLS } = await import('@ipshipyard/libp2p-auto-tls')
    const make = autoTLS({ autoConfirmAddress: true })
    // libp2p hands over all its components, of which its types name the common ones only.
    services.autoTls = components => make(components as unknown as Parameters<typeof make>[0])
  }
  return services
}
