import type { Role } from '../../authority/principal.ts'

/** What the tools of invites and tokens need of the authority. */
export interface InvitesPort {
  createInvite(request: {
    roles: readonly Role[]
    ttl_ms: number
    uses: number
    name?: string
  }): Promise<{ id: string; secret: string; roles: Role[]; expires_at: string; uses: number }>
  listInvites(): Promise<
    {
      id: string
      name?: string
      roles: Role[]
      created_at: string
      expires_at: string
      uses: number
      used: number
      peers: string[]
    }[]
  >
  revokeInvite(id: string): Promise<void>
  createToken(request: {
    roles: readonly Role[]
    ttl_ms: number
    name?: string
  }): Promise<{ id: string; token: string; roles: Role[]; expires_at: string }>
  listTokens(): Promise<
    {
      id: string
      name?: string
      invite_id?: string
      roles: Role[]
      created_at: string
      expires_at: string
    }[]
  >
  revokeToken(id: string): Promise<void>
}
