import type { Principal } from '../../authority/principal.ts'
import { permits, requireRole } from '../../authority/roles.ts'
import type { Clock } from '../../clock.ts'
import type { Json } from '../../tools/tool.ts'
import { coalesce } from '../coalesce.ts'
import { UnknownResourceError } from '../errors.ts'
import { isJsonObject } from '../json-object.ts'
import type { ResourceListing, ResourceTemplateListing } from '../surface.ts'
import type { MeshResource } from './mesh-resource.ts'

/** Milliseconds between two updates of one resource: at most four a second, so that a busy queue floods nobody. */
export const UPDATE_INTERVAL_MS = 250

/** Reads and watches resources by URI. */
export class ResourceTable {
  readonly #resources: readonly MeshResource[]
  readonly #clock: Clock
  /** One watch for all subscribers of a URI that see the same of it. */
  readonly #watches = new Map<string, { listeners: Set<() => void>; end: () => void }>()

  constructor(resources: readonly MeshResource[], clock: Clock) {
    this.#resources = resources
    this.#clock = clock
  }

  list(principal: Principal): ResourceListing[] {
    return this.#resources
      .filter(resource => !isTemplate(resource) && permits(principal, resource.need))
      .map(resource => ({ uri: resource.uri, ...describe(resource) }))
  }

  listTemplates(principal: Principal): ResourceTemplateListing[] {
    return this.#resources
      .filter(resource => isTemplate(resource) && permits(principal, resource.need))
      .map(resource => ({ uriTemplate: resource.uri, ...describe(resource) }))
  }

  async read(uri: string, principal: Principal): Promise<Json> {
    const { resource, id } = this.#find(uri)
    requireRole(principal, resource.need, uri)
    const view = await resource.read(id, principal)
    if (view === undefined) throw new UnknownResourceError(uri)
    if (!isJsonObject(view)) throw new TypeError(`${uri} is no object`)
    return view
  }

  subscribe(uri: string, principal: Principal, onUpdated: () => void): () => void {
    const { resource, id } = this.#find(uri)
    requireRole(principal, resource.need, uri)
    const key = `${permits(principal, 'read') ? 'all' : principal.id} ${uri}`
    const watch = this.#watches.get(key) ?? this.#watch(key, resource, id, principal)
    // A subscriber of its own, even where one function subscribes twice.
    const listener = (): void => onUpdated()
    watch.listeners.add(listener)
    return () => {
      watch.listeners.delete(listener)
      if (watch.listeners.size > 0 || this.#watches.get(key) !== watch) return
      this.#watches.delete(key)
      watch.end()
    }
  }

  #watch(key: string, resource: MeshResource, id: string, principal: Principal) {
    const listeners = new Set<() => void>()
    const updates = coalesce(this.#clock, UPDATE_INTERVAL_MS, () => {
      for (const listener of [...listeners]) listener()
    })
    const unhook = resource.onChange(updates.touch, id, principal)
    const watch = {
      listeners,
      end: () => {
        unhook()
        updates.stop()
      },
    }
    this.#watches.set(key, watch)
    return watch
  }

  #find(uri: string): { resource: MeshResource; id: string } {
    for (const resource of this.#resources) {
      if (resource.uri === uri) return { resource, id: '' }
      const id = isTemplate(resource) ? idBelow(resource.uri, uri) : undefined
      if (id !== undefined) return { resource, id }
    }
    throw new UnknownResourceError(uri)
  }
}

/** Those of a template, each a segment, behind all else (RFC 6570). */
const VARIABLES = /\{\w+\}(\/\{\w+\})*$/

function isTemplate(resource: MeshResource): boolean {
  return VARIABLES.test(resource.uri)
}

/** What the variables of the template stand for in the URI, with `/` between them; undefined where it is none of its. */
function idBelow(template: string, uri: string): string | undefined {
  const start = template.search(VARIABLES)
  if (uri.slice(0, start) !== template.slice(0, start)) return undefined
  const values = uri.slice(start).split('/').map(decoded)
  if (values.length !== template.slice(start).split('/').length) return undefined
  const given = values.filter(value => value !== undefined && value !== '' && !/[/{}]/.test(value))
  return given.length === values.length ? given.join('/') : undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function describe({ name, title, description }: MeshResource) {
  return { name, title, description, mimeType: 'application/json' as const }
}
