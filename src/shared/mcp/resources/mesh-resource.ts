import type { Principal } from '../../authority/principal.ts'
import type { RoleNeed } from '../../authority/roles.ts'

/** One resource, or a family of them where `uri` ends in variables, as `{id}` or `{id}/{after}`. */
export interface MeshResource {
  /** As `mesh://tasks`, `mesh://tasks/{id}` or `mesh://workflow-events/{id}/{after}`. */
  uri: string
  name: string
  title: string
  description: string
  need: RoleNeed
  /**
   * The view, as plain JSON; undefined for what is not there or not the principal's. `id` is what the variables stand
   * for, with `/` between several of them, and is empty for a single resource.
   */
  read(id: string, principal: Principal): Promise<object | undefined> | object | undefined
  /** Calls `listener` after each change of what the principal sees of the resource; what is returned ends it. */
  onChange(listener: () => void, id: string, principal: Principal): () => void
}
