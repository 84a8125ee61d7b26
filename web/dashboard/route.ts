/** Where the page stands, as its address says after `#`: so that back, forward, bookmarks and links work. */
export type Route =
  | { page: 'overview' }
  | { page: 'peers' }
  | { page: 'peer'; id: string }
  /** `state`: only workflows in it. */
  | { page: 'workflows'; state?: string }
  /** `step`: it is shown beside the graph. */
  | { page: 'workflow'; id: string; step?: string }

/** The route that a fragment names; what it does not know is the overview. */
export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?')
  const [root, first, id, ...rest] = path.split('/')
  if (root === '' && first === 'peers')
    return id === undefined || id === '' ? { page: 'peers' } : { page: 'peer', id: decoded(id) }
  if (root !== '' || first !== 'workflows') return { page: 'overview' }
  if (id === undefined || id === '') {
    const state = new URLSearchParams(query).get('state')
    return { page: 'workflows', ...(state === null ? {} : { state }) }
  }
  const [steps, step] = rest
  return {
    page: 'workflow',
    id: decoded(id),
    ...(steps === 'steps' && step !== undefined && step !== '' ? { step: decoded(step) } : {}),
  }
}

/** The fragment of a route, for `href` and `location.hash`. */
export function hashOf(route: Route): string {
  switch (route.page) {
    case 'overview':
      return '#/'
    case 'peers':
      return '#/peers'
    case 'peer':
      return `#/peers/${encodeURIComponent(route.id)}`
    case 'workflows':
      return `#/workflows${route.state === undefined ? '' : `?${new URLSearchParams({ state: route.state })}`}`
    case 'workflow': {
      const step = route.step === undefined ? '' : `/steps/${encodeURIComponent(route.step)}`
      return `#/workflows/${encodeURIComponent(route.id)}${step}`
    }
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
