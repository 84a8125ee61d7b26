import type { Libp2pOptions } from 'libp2p'

/** What libp2p makes a transport from. */
export type TransportFactory = NonNullable<Libp2pOptions['transports']>[number]
