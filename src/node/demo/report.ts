import { cidOf } from '../../shared/artifacts/cid.ts'
import type { MeshClient } from '../cli/mesh-client.ts'
import { nearDuplicates } from './near-duplicates.ts'
import type { Profile, ProfileRun } from './profile-run.ts'
import { type Answer, searchDocuments } from './search-documents.ts'

const TOP_KEYWORDS = 20

/** What the documents hold: nothing of when, where and by whom it was found out, so that its CID is the same every time. */
export interface Report {
  documents: number
  /** How many files were left out, by reason. */
  skipped: Record<string, number>
  failed: string[]
  /** CID of the list of all profiles' CIDs, by name. */
  profiles_cid: string
  near_duplicates: string[][]
  keywords: { keyword: string; documents: number }[]
  query: string
  answers: Answer[]
}

export interface ReportOptions {
  mesh: MeshClient
  folder: string
  query: string
  signal: AbortSignal
}

export async function makeReport(
  run: ProfileRun,
  options: ReportOptions,
): Promise<{ report: Report; cid: string }> {
  const report: Report = {
    documents: run.profiles.length,
    skipped: Object.fromEntries([...run.skipped].sort()),
    failed: run.failed.map(({ name }) => name),
    profiles_cid: cidOf(run.profiles.map(({ name, cid }) => ({ name, cid }))),
    near_duplicates: nearDuplicates(run.profiles),
    keywords: topKeywords(run.profiles),
    query: options.query,
    answers: await searchDocuments(run.profiles, options),
  }
  return { report, cid: cidOf({ ...report, answers: report.answers.map(answer => ({ ...answer })) }) }
}

/** The keywords of most documents, of equals the first in the alphabet. */
export function topKeywords(profiles: readonly Pick<Profile, 'keywords'>[]): Report['keywords'] {
  const counts = new Map<string, number>()
  for (const { keywords } of profiles) {
    for (const keyword of new Set(keywords)) {
      counts.set(keyword, (counts.get(keyword) ?? 0) + 1)
    }
  }
  return [...counts]
    .map(([keyword, documents]) => ({ keyword, documents }))
    .sort((a, b) => b.documents - a.documents || (a.keyword < b.keyword ? -1 : 1))
    .slice(0, TOP_KEYWORDS)
}
