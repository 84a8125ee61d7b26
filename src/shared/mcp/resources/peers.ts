import type { PeersPort } from '../peer/list.ts'
import type { PeersView } from '../views.ts'
import type { MeshResource } from './mesh-resource.ts'

export function peersResource(peers: PeersPort): MeshResource {
  return {
    uri: 'mesh://peers',
    name: 'peers',
    title: 'Peers',
    description: 'The peers of the mesh, this node first: transport, round trip, work done.',
    need: 'read',
    read: (): PeersView => ({ peers: peers.list() }),
    onChange: listener => peers.onChange(listener),
  }
}

export function peerResource(peers: PeersPort): MeshResource {
  return {
    uri: 'mesh://peers/{id}',
    name: 'peer',
    title: 'One peer',
    description: 'One peer, by its peer id.',
    need: 'read',
    read: id => peers.list().find(peer => peer.peer_id === id),
    onChange: listener => peers.onChange(listener),
  }
}
