import { ToolmeshError } from '../../shared/errors.ts'

/** The folder has no document, or cannot be read. */
export class NoDocumentsError extends ToolmeshError {
  constructor(folder: string, cause?: unknown) {
    const reason =
      cause instanceof Error ? `cannot be read: ${cause.message}` : 'holds no README and no Markdown file'
    super('invalid_input', `${folder} ${reason}`, { field: 'folder', value: folder, cause })
  }
}

/** More documents than one search index takes. */
export class TooManyDocumentsError extends ToolmeshError {
  constructor(folder: string, documents: number, limit: number) {
    const allowed = `a folder with at most ${limit} documents`
    const message = `${folder} holds ${documents} documents, allowed: ${allowed}`
    super('invalid_input', message, { field: 'folder', value: folder, allowed })
  }
}
