import { type MultiaddrConnection, TypedEventEmitter } from '@libp2p/interface'
import { webRTC } from '@libp2p/webrtc'
import { describe, expect, it } from 'vitest'
import type { TransportFactory } from './transport-factory.ts'
import { shutsDown, withoutShutdownLeak } from './webrtc-leak.ts'

/** Listeners for the shutdown of a transport that stay after a connection has closed. */
function leftBy(factory: TransportFactory): number {
  const components = { logger: { forComponent: () => () => {} } }
  const transport = factory(components as unknown as Parameters<TransportFactory>[0])
  if (!shutsDown(transport)) throw new Error('the transport has no such method any more')
  let listeners = 0
  const { signal } = transport.shutdownController
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1
    remove(...args)
  }
  const connection = new TypedEventEmitter<{ close: Event }>()
  const peerConnection = new EventTarget()
  transport._closeOnShutdown(peerConnection, connection as unknown as MultiaddrConnection)
  connection.dispatchEvent(new Event('close'))
  return listeners
}

describe('the webrtc shutdown listener', () => {
  it('still stays after a connection has closed, which is why it is removed', () => {
    expect(leftBy(webRTC())).toBe(1)
  })

  it('goes with its connection', () => {
    expect(leftBy(withoutShutdownLeak(webRTC()))).toBe(0)
  })
})
