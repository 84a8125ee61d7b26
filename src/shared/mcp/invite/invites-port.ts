import type { Authority } from '../../authority/authority.ts'

/** What the tools of invites and tokens need of the authority. */
export type InvitesPort = Pick<
  Authority,
  'createInvite' | 'listInvites' | 'revokeInvite' | 'createToken' | 'listTokens' | 'revokeToken'
>
