/** Key of sessionStorage: the build that this tab has already left by a reload. */
const LEFT_BUILD = 'toolmesh-left-build'

/**
 * Whether the node serves another build of this page than the one that runs: the tools' code may then differ,
 * and the node would give this tab no work. The build is known by its entry script, whose name holds a hash.
 */
export async function isStaleBuild(signal: AbortSignal): Promise<boolean> {
  const entry = entryScript()
  if (entry === undefined) return false
  try {
    const response = await fetch(location.pathname, { signal, cache: 'no-store' })
    return response.ok && !(await response.text()).includes(entry)
  } catch {
    // No answer says nothing about the build; the connection is tried by itself.
    return false
  }
}

/** Whether the page may be loaded anew: once for each build, or one that a cache keeps old would reload for ever. */
export function takeReload(): boolean {
  const entry = entryScript() ?? ''
  if (sessionStorage.getItem(LEFT_BUILD) === entry) return false
  sessionStorage.setItem(LEFT_BUILD, entry)
  return true
}

function entryScript(): string | undefined {
  return document.querySelector('script[type="module"][src]')?.getAttribute('src') ?? undefined
}
