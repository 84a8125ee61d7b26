import type { FailedDial, Unreached } from '../../src/browser/tab-contract.ts'
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
const STEPS: Readonly<Record<FailedDial['step'], string>> = {
  resolve: 'Looking up the name',
  dial: 'Connecting',
  secure: 'Proving who answers',
  multiplex: 'Opening streams',
  identify: 'Introducing itself',
  session: 'Opening the session',
  authority: 'Asking for rights',
}

export function unreachedText({ meaning, advice, dials }: Unreached): UnreachedText {
  if (dials.length === 0) return { meaning: `${capital(meaning)}.`, advice: [advice], dials: [] }
  return {
    meaning:
      dials.length === 1
        ? 'Its one address did not lead to it.'
        : `None of its ${dials.length} addresses led to it.`,
    advice: [...new Set(dials.map(dial => dial.advice))],
    dials: dials.map(dialText),
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

function dialText({ path, address, ms, step, meaning, message }: FailedDial): DialText {
  return {
    path: pathName(path),
    address: address.replace(/\/p2p\/[^/]+$/, ''),
    meaning: `${STEPS[step]}: ${meaning}`,
    // The address stands beside it.
    said: message.replace(/ to \/\S+$/, ''),
    took: formatDuration(ms),
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
