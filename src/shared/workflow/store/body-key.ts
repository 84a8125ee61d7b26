import type { BodyKey } from '../workflow.ts'

/** A text that is the same for equal keys alone. */
export function bodyKeyText(key: BodyKey): string {
  switch (key.of) {
    case 'definition':
      return 'definition'
    case 'result':
      return 'result'
    case 'input':
      return `input/${key.generation}`
    case 'items':
      return `items/${key.generation}/${key.step}`
    case 'signal':
      return `signal/${key.n}/${key.signal}`
    case 'output':
      return `output/${key.generation}/${key.item ?? '-'}/${key.step}`
  }
}
