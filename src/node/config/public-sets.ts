/**
 * Sets of public nodes that `p2p.bootstrap` may name. None is ever asked unless it is named: who asks tells strangers
 * its address. They are not of this mesh; they help to find it (a public hash table, observed addresses).
 */
export const PUBLIC_SETS = {
  /** The bootstrap nodes of the public libp2p and IPFS network (docs.ipfs.tech, "Bootstrap peers"). */
  'libp2p-public': [
    '/dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN',
    '/dnsaddr/bootstrap.libp2p.io/p2p/QmQCU2EcMqAqQPR2i9bChDtGNJchTbq5TbXJJ16u19uLTa',
    '/dnsaddr/bootstrap.libp2p.io/p2p/QmbLHAnMoJPWSCR5Zhtx6BHJX9KiKNN6tpvbUcqanj75Nb',
    '/dnsaddr/bootstrap.libp2p.io/p2p/QmcZf59bWwK5XFi76CZX8cbJ4BhTzzA3gU1ZjYZcYW3dwt',
    '/ip4/104.131.131.82/tcp/4001/p2p/QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ',
  ],
} as const satisfies Record<string, readonly string[]>

export const PUBLIC_SET_NAMES: readonly string[] = Object.keys(PUBLIC_SETS)
