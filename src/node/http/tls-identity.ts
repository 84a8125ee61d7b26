/** A certificate chain and its private key, PEM. */
export interface TlsIdentity {
  cert: string
  key: string
}
