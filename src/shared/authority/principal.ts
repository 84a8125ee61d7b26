/** `read` lists and reads everything; `work` runs tasks; `submit` makes calls and tasks and sees its own; `admin` all. */
export type Role = 'read' | 'work' | 'submit' | 'admin'

/** Who asks, as established by the binding (never by the message), and what they may do. */
export interface Principal {
  /** Stable: `local`, `token:<id>`, `peer:<peer id>`. Owns what it submits. */
  readonly id: string
  readonly roles: ReadonlySet<Role>
}

/** The peer that a principal is, where the request came over a session with it: everyone else has other ids. */
export function peerIdOf({ id }: Pick<Principal, 'id'>): string | undefined {
  return id.startsWith(PEER) ? id.slice(PEER.length) : undefined
}

const PEER = 'peer:'
