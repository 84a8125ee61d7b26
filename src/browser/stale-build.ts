/** Key of sessionStorage: the tools of the build that this tab has already reloaded for. */
const RELOADED_FOR = 'toolmesh-reloaded-for'

/**
 * Whether the page should be loaded again because the node runs another build of the tools: once for each
 * build of ours, or a page from a cache that stays old would reload for ever.
 */
export function shouldReload(codeCids: readonly string[]): boolean {
  const build = codeCids.join(' ')
  if (sessionStorage.getItem(RELOADED_FOR) === build) return false
  sessionStorage.setItem(RELOADED_FOR, build)
  return true
}
