import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import type { Json, JsonObject, JsonSchema } from '../../tools/tool.ts'
import { validateAgainst } from '../../tools/validate.ts'
import { PeerAnswerError } from '../errors.ts'
import { parseInput } from '../parse-input.ts'
import type { CallPeer } from '../peer/call-peer.ts'
import { peerIdInput } from '../peer/peer-id-input.ts'
import type { SurfaceTool } from '../surface.ts'

/** Milliseconds that another peer has to answer. */
const ANSWER_MS = 15_000

/** The parameter of a tool that is wrapped by {@link atPeers}. */
export const atPeer = {
  peer_id: peerIdInput
    .exactOptional()
    .describe(
      "The peer whose cache it is; default: this one's. That peer decides what this one may do there.",
    ),
}

export interface AtPeersComponents {
  /** Peer id of who serves these tools. */
  peerId: string
  /** Left out by a peer that asks no others, as a tab. */
  callPeer?: CallPeer | undefined
}

const named = z.looseObject(atPeer)

/**
 * The same tools, each of which is called at the peer that `peer_id` names, where that is not this one. What a caller may
 * do is decided here by the tool's role, and over there by what this peer may do. Rejects as `CallPeer` does.
 */
export function atPeers(tools: readonly SurfaceTool[], parts: AtPeersComponents): SurfaceTool[] {
  return tools.map(tool => ({
    ...tool,
    async call(input, context) {
      const { peer_id, ...rest } = input
      if (peer_id === undefined || peer_id === parts.peerId) return tool.call(input, context)
      return askPeer(tool, parseInput(named, input).peer_id ?? '', rest, context.signal, parts)
    },
  }))
}

async function askPeer(
  { name, outputSchema }: SurfaceTool,
  peerId: string,
  input: JsonObject,
  signal: AbortSignal,
  { callPeer, peerId: own }: AtPeersComponents,
): Promise<Json> {
  if (callPeer === undefined) throw new InvalidInputError('/peer_id', peerId, `${own}, or left out`)
  const answer = await callPeer(peerId, name, input, { timeoutMs: ANSWER_MS, signal })
  ensureFits(peerId, name, outputSchema ?? {}, answer)
  return answer
}

function ensureFits(peerId: string, name: string, schema: JsonSchema, answer: Json): void {
  try {
    validateAgainst(schema, answer, '')
  } catch (error) {
    throw new PeerAnswerError(peerId, name, error)
  }
}
