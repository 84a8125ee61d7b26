import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import type { Session, SessionEnd } from '../../mesh/session-contract.ts'

/** For tests: the two ends of a session that has no network below it. */
export function sessionPair(dialler: string, acceptor: string): { dialled: Session; accepted: Session } {
  const [diallersClient, acceptorsServer] = InMemoryTransport.createLinkedPair()
  const [acceptorsClient, diallersServer] = InMemoryTransport.createLinkedPair()
  const { promise: closed, resolve } = Promise.withResolvers<SessionEnd>()
  const close = async (reason: SessionEnd = { code: 'closed', message: 'closed' }): Promise<void> => {
    resolve(reason)
    await Promise.all([diallersClient.close(), acceptorsClient.close()])
  }
  const unused = { hold: () => () => {}, idleMs: () => 0, retire: async () => false }
  const common = { path: 'tcp', closed, close, ...unused } as const
  return {
    dialled: {
      ...common,
      peerId: acceptor,
      direction: 'outbound',
      clientTransport: diallersClient,
      serverTransport: diallersServer,
    },
    accepted: {
      ...common,
      peerId: dialler,
      direction: 'inbound',
      clientTransport: acceptorsClient,
      serverTransport: acceptorsServer,
    },
  }
}
