import { connect } from 'node:tls'

/** Milliseconds for a handshake with this machine itself. */
const HANDSHAKE_MS = 3_000

/** When the certificate that a TLS server shows ends, epoch milliseconds; undefined where it shows none. */
export function certificateEnd(host: string, port: number): Promise<number | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      const ends = Date.parse(socket.getPeerCertificate().valid_to)
      socket.destroy()
      resolve(Number.isNaN(ends) ? undefined : ends)
    })
    socket.setTimeout(HANDSHAKE_MS, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(undefined))
  })
}
