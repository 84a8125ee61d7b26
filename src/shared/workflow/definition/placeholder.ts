/**
 * References as other engines write them (`{{input.text}}`, `${steps.fetch.output.body}`, `$item`): here they would be
 * plain text, which a tool would take as it is. Found when a definition is checked, and answered with what to write.
 */
import type { JsonObject } from '../../tools/tool.ts'
import { formatPointer } from './json-pointer.ts'

/** A reference that was written in a way that templates do not have. */
export interface Placeholder {
  /** As it stands in the text. */
  text: string
  /** The reference that was probably meant. */
  reference: JsonObject
  /** The same in an expression. */
  path: string
  /** It is all of the text. */
  whole: boolean
}

const IN_BRACES = /\{\{\s*([^{}]{1,200})\}\}|\$\{\s*([^{}]{1,200})\}/g
const AFTER_DOLLAR = /^\$\.?([A-Za-z][\w-]*(?:[.[/].{0,200})?)$/
/** Placeholders of one text that are looked at. */
const MAX_LOOKED_AT = 20
/** Longest text that is searched, in characters. */
const MAX_CHARS = 100_000

/**
 * The first placeholder in a text that names something that there is.
 * @param isSource whether a name is `input` or a step, or another one that may be referred to where the text stands
 */
export function placeholderIn(text: string, isSource: (name: string) => boolean): Placeholder | undefined {
  if (text.length > MAX_CHARS || !(text.includes('{') || text.startsWith('$'))) return undefined
  const dollar = AFTER_DOLLAR.exec(text)?.[1]
  if (dollar !== undefined) return placeholder(text, dollar, true, isSource)
  let looked = 0
  for (const match of text.matchAll(IN_BRACES)) {
    const found = placeholder(match[0], match[1] ?? match[2] ?? '', match[0] === text.trim(), isSource)
    if (found !== undefined) return found
    looked += 1
    if (looked === MAX_LOOKED_AT) return undefined
  }
  return undefined
}

/** What `steps.fetch.output.body`, `fetch.body` or `$.input.text` refers to; undefined where that is nothing. */
export function referenceMeant(
  path: string,
  isSource: (name: string) => boolean,
): Pick<Placeholder, 'reference' | 'path'> | undefined {
  const names = namesOf(path.trim())
  const ofSteps = names?.[0] === 'steps'
  const [from = '', ...rest] = ofSteps ? names.slice(1) : (names ?? [])
  if (!isSource(from)) return undefined
  const tokens = ofSteps && OUTPUT.includes(rest[0] ?? '') ? rest.slice(1) : rest
  const pointer = formatPointer(tokens)
  return {
    reference: { $from: from, ...(pointer === '' ? {} : { path: pointer }) },
    path: [ROOTS.includes(from) ? from : `steps.${quoted(from)}`, ...tokens.map(quoted)]
      .join('.')
      .replace(/\.(\d+)(?=\.|$)/g, '[$1]'),
  }
}

/** Words for the output of a step in the paths of other engines. */
const OUTPUT = ['output', 'outputs', 'result', 'results']
const ROOTS = ['input', 'item', 'index', 'error']

function placeholder(
  text: string,
  path: string,
  whole: boolean,
  isSource: (name: string) => boolean,
): Placeholder | undefined {
  const meant = referenceMeant(path, isSource)
  return meant === undefined ? undefined : { text, ...meant, whole }
}

/** The names in `a.b[0]/c`; undefined for what is no such path, as a call or a comparison. */
function namesOf(path: string): string[] | undefined {
  const plain = path
    .replace(/^\$+\.?/, '')
    .replace(/\[\s*['"]?([\w-]+)['"]?\s*\]/g, '.$1')
    .replaceAll('/', '.')
  return /^[\w-]+(\.[\w-]+)*$/.test(plain) ? plain.split('.') : undefined
}

function quoted(name: string): string {
  return /^\w+$/.test(name) ? name : `\`${name}\``
}
