import type { ModuleState } from '../../shared/mesh/diagnosis/diagnosis-port.ts'
import { runtimeName } from '../runtime-name.ts'
import { denoNetOf } from '../transports/webtransport/deno/deno-api.ts'
import { loadQuiche } from '../transports/webtransport/quiche/binding.ts'

/** The native parts of the mesh, each loaded to see whether it can be. */
export function nativeModules(): Promise<ModuleState[]> {
  return Promise.all([
    loaded(
      'WebRTC',
      () => import('@libp2p/webrtc'),
      'Peers do not come by WebRTC, nor directly from behind routers',
    ),
    loaded(
      'QUIC',
      () => (runtimeName() === 'deno' ? denoNetOf(globalThis) : loadQuiche()),
      'Tabs come by WebSocket, not by WebTransport',
    ),
  ])
}

async function loaded(name: string, load: () => unknown, without: string): Promise<ModuleState> {
  try {
    await load()
    return { name, without }
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    return { name, without, missing: line }
  }
}
