import MiniSearch from 'minisearch'
import type { ToolDescriptor } from './tool.ts'

export type SearchableTool = Pick<ToolDescriptor, 'name' | 'category' | 'description' | 'input_schema'>

interface Indexed {
  name: string
  category: string
  description: string
  parameters: string
}

/** Finds tools by plain words: BM25 over name, category, description, and names and descriptions of parameters. */
export class ToolSearch {
  readonly #index: MiniSearch<Indexed>

  constructor(entries: Iterable<SearchableTool>) {
    this.#index = new MiniSearch<Indexed>({
      fields: ['name', 'category', 'description', 'parameters'],
      idField: 'name',
      tokenize: text => text.split(/[^\p{L}\p{N}]+/u),
      processTerm,
      searchOptions: {
        boost: { name: 4, description: 2, category: 1.5 },
        prefix: term => term.length >= 4,
        fuzzy: term => (term.length >= 5 ? 0.2 : false),
        // A word that is not quite the one asked for must not outweigh one that is.
        weights: { prefix: 0.3, fuzzy: 0.15 },
      },
    })
    this.#index.addAll(Array.from(entries, indexed))
  }

  /** The best `limit` tools, best first; none when no word fits. Scores compare only within one search. */
  search(query: string, limit: number): { name: string; score: number }[] {
    return this.#index
      .search(query)
      .slice(0, limit)
      .map(({ id, score }) => ({ name: String(id), score }))
  }
}

function indexed({ name, category, description, input_schema }: SearchableTool): Indexed {
  return { name, category, description, parameters: [...parametersOf(input_schema)].join(' ') }
}

function* parametersOf(schema: unknown): Generator<string> {
  if (typeof schema !== 'object' || schema === null || !('properties' in schema)) return
  for (const [name, property] of Object.entries(Object(schema.properties))) {
    yield name
    if (typeof property !== 'object' || property === null) continue
    if ('description' in property && typeof property.description === 'string') yield property.description
    yield* parametersOf('items' in property ? property.items : property)
  }
}

/** Words that every description has: they would only add noise. */
const STOP_WORDS = new Set(
  'a an and are as at be but by can do for from get give given gives has have how i in is it its me my of on or our out so that the their them there these this to up use used using want was what when where which with you your'.split(
    ' ',
  ),
)

/** Lower-case, without the commonest English endings, so that "hashing files" finds "hash a file". */
function processTerm(term: string): string | null {
  const word = term.toLowerCase()
  if (word === '' || STOP_WORDS.has(word)) return null
  if (word.length > 5 && word.endsWith('ies')) return `${word.slice(0, -3)}y`
  if (word.length > 6 && word.endsWith('ing')) return word.slice(0, -3)
  if (word.length > 5 && /(?:ches|shes|sses|xes|zes)$/.test(word)) return word.slice(0, -2)
  if (word.length > 5 && word.endsWith('ed')) return word.slice(0, -2)
  return word.length > 3 && /[^su]s$/.test(word) ? word.slice(0, -1) : word
}
