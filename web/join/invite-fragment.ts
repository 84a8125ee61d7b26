/** An invite in an address: `v1.<secret>.<node peer id>`; what each part must be is for the node to judge. */
const INVITE = /^#?(v1\.[\w-]+\.\w+)$/

/** The invite in a location's hash, without its `#`; undefined if there is none. */
export function inviteIn(hash: string): string | undefined {
  return INVITE.exec(hash)?.[1]
}
