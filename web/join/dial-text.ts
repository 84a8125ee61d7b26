import type { Unreached } from '../../src/browser/tab-contract.ts'
import { causeOf, causeOfDial } from '../../src/shared/mesh/diagnosis/causes.ts'
import type { DialReport } from '../../src/shared/mesh/dialling/dial-report.ts'
import { formatDuration } from '../format/duration.ts'
import { pathName } from '../format/path.ts'

/** One address that was tried, in plain words. */
export interface DialText {
  path: string
  /** Without the peer id of the node, which is the same for all. */
  address: string
  /** Where it ended, and what that means. */
  meaning: string
  /** What the transport said. */
  said: string
  took: string
}

/** Why the node was not reached, for a person. */
export interface UnreachedText {
  meaning: string
  /** What to do, the same advice once. */
  advice: string[]
  dials: DialText[]
}

/** What a step is called. */
const STEPS: Readonly<Record<string, string>> = {
  resolve: 'looking up the name',
  dial: 'connecting',
  secure: 'proving who answers',
  multiplex: 'opening streams',
  identify: 'introducing itself',
  session: 'opening the session',
  authority: 'asking for rights',
}

export function unreachedText({ reason, dials }: Unreached): UnreachedText {
  const failed = dials.filter(({ outcome }) => outcome === 'failed')
  if (failed.length === 0) {
    const { meaning, advice } = causeOf({ step: 'origin', ...reason, from: 'tab' })
    const words = [
      'Is the node still running, and is this device in the same network? The page itself came from there: load it again.',
    ]
    return reason.message.startsWith('the node does not answer')
      ? { meaning: 'The node does not answer over HTTP.', advice: words, dials: [] }
      : { meaning: `${capital(meaning)}.`, advice: [advice], dials: [] }
  }
  const causes = failed.flatMap(dial => causeOfDial(dial, 'tab') ?? [])
  return {
    meaning:
      failed.length === 1
        ? 'Its one address did not lead to it.'
        : `None of its ${failed.length} addresses led to it.`,
    advice: [...new Set(causes.map(({ advice }) => advice))],
    dials: failed.map(dialText),
  }
}

/** Everything, as text that can be sent to whoever runs the node. */
export function unreachedReport(
  unreached: Unreached,
  facts: { page: string; browser: string; nodePeerId: string | undefined },
): string {
  const { meaning, advice, dials } = unreachedText(unreached)
  return [
    `toolmesh: a tab cannot reach its node (${new Date(unreached.at).toISOString()})`,
    `page     ${facts.page}`,
    `node     ${facts.nodePeerId ?? 'not known'}`,
    `browser  ${facts.browser}`,
    `reason   ${unreached.reason.code}: ${unreached.reason.message}`,
    '',
    meaning,
    ...dials.flatMap(({ path, address, meaning, said, took }) => [
      `- ${path} ${address}`,
      `  ${meaning} (${said}; ${took})`,
    ]),
    '',
    ...advice.map(text => `* ${text}`),
    '',
  ].join('\n')
}

function dialText(dial: DialReport): DialText {
  const { path, address, ms } = dial
  const why = causeOfDial(dial, 'tab')
  const step = STEPS[why?.failure.step ?? 'dial'] ?? 'connecting'
  return {
    path: pathName(path),
    address: address.replace(/\/p2p\/[^/]+$/, ''),
    meaning: `${capital(step)}: ${why?.meaning ?? 'it failed'}`,
    // The address stands beside it.
    said: (why?.failure.message ?? '').replace(/ to \/\S+$/, ''),
    took: formatDuration(ms),
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
