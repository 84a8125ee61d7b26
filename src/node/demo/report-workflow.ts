import type { Json } from '../../shared/tools/tool.ts'
import { Expression, expr, type Step, workflow } from '../../shared/workflow/definition/builder.ts'
import type { WorkflowDefinition } from '../../shared/workflow/definition/definition.ts'
import type { Document } from './documents.ts'

/** Parts whose documents are in work at once: the node holds no more of a folder than these. */
const PARTS_AT_ONCE = 2
/** Documents of one part in work at once: enough for dozens of workers while answers travel. */
const CONCURRENCY = 256
/** Characters that the index is built from, in all, and at most of one document: where it says what it is about. */
const INDEXED_CHARS = 2_000_000
const MAX_EXCERPT_CHARS = 4_000
/** So large that a document is one chunk: the report has no use for them, and all profiles are the input of one step. */
const WHOLE = { max_chars: 1_000_000, overlap: 0 }
const ANSWERS = 5
/** A run that was left and never taken up again ends after this, ms. */
const TIMEOUT_MS = 24 * 3_600_000

/** What the workflow gives: nothing of when, where and by whom it was found out. */
export interface Findings {
  documents: number
  near_duplicates: string[][]
  keywords: { keyword: string; documents: number }[]
  profiles_cid: string
  query: string
  answers: { name: string; score: number }[]
}

export interface ReportWorkflowOptions {
  /** How many documents each part has. */
  parts: readonly number[]
  query: string
  /** Labels of the peers that may run a step. */
  requires: readonly string[]
}

/** The signal that brings a part's documents, and the step that waits for it. Counts from 1. */
export const partName = (number: number): string => `part-${number}`

/** The step that profiles a part's documents. */
export const profilesName = (number: number): string => `profiles-${number}`

/**
 * Map and reduce over documents that come part by part: each part is a signal, whose payload is a list of documents, as
 * a folder is larger than one request may be. A part waits for an earlier one to be done, so that what is sent ahead stays on disk.
 */
export function reportWorkflow({ parts, query, requires }: ReportWorkflowOptions): WorkflowDefinition {
  const documents = parts.reduce((sum, count) => sum + count, 0)
  const excerpt_chars = Math.max(1, Math.min(MAX_EXCERPT_CHARS, Math.floor(INDEXED_CHARS / documents)))
  const flow = workflow('document-report', {
    description:
      'What the documents of a folder hold: near duplicates, keywords, and an answer to a question.',
    timeout_ms: TIMEOUT_MS,
    defaults: { requires: [...requires] },
  })
  const profiles: Step<unknown[]>[] = []
  for (const [index, count] of parts.entries()) {
    const before = profiles[index - PARTS_AT_ONCE]
    const part = flow.waitFor<Document[]>(partName(index + 1), partName(index + 1), {
      title: `${count.toLocaleString('en')} documents`,
      ...(before === undefined ? {} : { depends_on: [before] }),
    })
    profiles.push(
      flow.forEach<Document>(
        profilesName(index + 1),
        part,
        document => ({
          tool: 'document_profile',
          params: { name: document.at('/name'), text: document.at('/text'), excerpt_chars, ...WHOLE },
        }),
        { concurrency: CONCURRENCY, max_failed: count },
      ),
    )
  }
  const all = new Expression<Json>(`[${profiles.map(step => step.toExpression()).join(', ')}]`)
  const collection = flow.step<Omit<Findings, 'query' | 'answers'>>(
    'collection',
    'document_collection_profile',
    { profiles: all },
  )
  const index = flow.step<{ index: object }>(
    'search-index',
    'search_index_build',
    { documents: expr`[${all}[$ != null].{"id": name, "text": excerpt}]` },
    { when: expr`${collection}.documents > 0` },
  )
  const answer = flow.step('answer', 'search_query', { index: index.at('/index'), query, limit: ANSWERS })
  flow.output({
    documents: collection.at('/documents'),
    near_duplicates: collection.at('/near_duplicates'),
    keywords: collection.at('/keywords'),
    profiles_cid: collection.at('/profiles_cid'),
    query,
    answers: expr`[${answer}.results.{"name": id, "score": score}]`,
  })
  return flow.build()
}
