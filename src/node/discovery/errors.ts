import { ToolmeshError } from '../../shared/errors.ts'

/** What `discovery.file` names is there and is no registry of peers. It is left as it is. */
export class NotARegistryError extends ToolmeshError {
  constructor(path: string, why: string) {
    super('conflict', `${path} is not a registry of peers (${why}); it is left as it is`, {
      field: 'discovery.file',
      value: path,
      allowed: 'a registry, an empty file, or a path where nothing is',
    })
  }
}

/** Another writer holds a shared registry for too long. */
export class RegistryLockedError extends ToolmeshError {
  constructor(path: string) {
    super('unavailable', `${path} is locked by another writer`, { field: 'discovery.file', value: path })
  }
}
