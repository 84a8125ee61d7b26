/** The first of each list, then the second of each, and so on. */
export function inTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(list => list.length))
  return Array.from({ length: longest }, (_, turn) =>
    lists.flatMap(list => list.slice(turn, turn + 1)),
  ).flat()
}

/**
 * Lets the address families take turns (RFC 8305, section 4): IPv6, IPv4, and what begins with a name. The family of the
 * first address leads.
 */
export function familiesInTurns(addresses: readonly string[]): string[] {
  const families = new Map<string, string[]>()
  for (const address of addresses) {
    const family = /^\/(ip4|ip6)/.exec(address)?.[1] ?? 'name'
    families.set(family, [...(families.get(family) ?? []), address])
  }
  return inTurns([...families.values()])
}
