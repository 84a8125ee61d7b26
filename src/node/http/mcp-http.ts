import type { Principal } from '../../shared/authority/principal.ts'
import type { Clock } from '../../shared/clock.ts'
import { ERROR_TABLE } from '../../shared/errors.ts'
import type { Logger } from '../../shared/logger.ts'
import type { Surface } from '../../shared/mcp/surface.ts'
import { jsonResponse } from './json-response.ts'
import { McpSession } from './mcp-session.ts'
import { DEFAULT_REPLAY_LIMITS, ReplayLog } from './replay-log.ts'

export interface McpHttpLimits {
  /** Sessions at once; each holds a few tens of kilobytes. */
  sessions: number
  /** A session that nobody used or listened to for so long ends, milliseconds. */
  idleMs: number
  /** When all sessions are taken, one unused for so long gives way to a new one, milliseconds. */
  giveWayMs: number
  /** Largest body of one request, bytes: as large as the largest frame between peers. */
  bodyBytes: number
  /** Events kept for clients that lost their stream, over all sessions. */
  replayEvents: number
  /** Estimated bytes of those events. */
  replayBytes: number
}

export const DEFAULT_MCP_HTTP_LIMITS: McpHttpLimits = {
  sessions: 256,
  idleMs: 30 * 60_000,
  giveWayMs: 60_000,
  bodyBytes: 16 * 1024 * 1024,
  replayEvents: DEFAULT_REPLAY_LIMITS.events,
  replayBytes: DEFAULT_REPLAY_LIMITS.bytes,
}

/** How long a client that found no room is told to wait, milliseconds. */
const RETRY_AFTER_MS = 10_000
/** The code that MCP's SDKs answer for a session that is not there, with HTTP 404: begin anew. */
const SESSION_NOT_FOUND = -32001
const BAD_REQUEST = -32000

export interface McpHttpInit {
  surface: Surface
  clock: Clock
  logger: Logger
  limits?: Partial<McpHttpLimits>
}

export interface McpHttp {
  /** Serves one request to `/mcp` for a caller whose credential was checked. */
  handle(request: Request, principal: Principal): Promise<Response>
  /** Ends the sessions of a principal whose credential holds no more, with their open streams. */
  endSessionsOf(principalId: string): Promise<void>
  /** Sessions that are open. */
  readonly sessions: number
  close(): Promise<void>
}

/**
 * MCP over streamable HTTP, revision 2025-11-25: sessions, each bound to the principal that opened it, event
 * streams that can be resumed, DELETE. Idle sessions end.
 */
export function createMcpHttp({ surface, clock, logger, limits: given }: McpHttpInit): McpHttp {
  const limits = { ...DEFAULT_MCP_HTTP_LIMITS, ...given }
  const replay = new ReplayLog({ events: limits.replayEvents, bytes: limits.replayBytes })
  const sessions = new Map<string, McpSession>()
  /** Sessions on their way into the map. */
  let opening = 0
  let stopSweep: (() => void) | undefined

  async function open(request: Request, principal: Principal): Promise<Response> {
    if (sessions.size + opening >= limits.sessions) await giveWay()
    if (sessions.size + opening >= limits.sessions) return full(limits.sessions)
    opening += 1
    try {
      return await openSession(request, principal)
    } finally {
      opening -= 1
    }
  }

  async function openSession(request: Request, principal: Principal): Promise<Response> {
    const id = crypto.randomUUID()
    const session = await McpSession.open(
      {
        id,
        principal,
        surface,
        replay,
        maxBodyBytes: limits.bodyBytes,
        now: () => clock.monotonic(),
        logger,
      },
      () => {
        sessions.delete(id)
        replay.forget(id)
      },
    )
    const response = await session.handle(request, principal)
    if (session.initialized) sessions.set(id, session)
    else await session.close()
    sweepLater()
    return response
  }

  /** Ends the session that was unused longest, if it was unused for long enough. */
  async function giveWay(): Promise<void> {
    const [oldest] = [...sessions.values()].sort((a, b) => b.idleMs - a.idleMs)
    if (oldest !== undefined && oldest.idleMs >= limits.giveWayMs) await oldest.close()
  }

  function sweepLater(): void {
    if (stopSweep !== undefined || sessions.size === 0) return
    stopSweep = clock.after(limits.idleMs / 4, () => {
      stopSweep = undefined
      for (const session of sessions.values()) {
        if (session.idleMs >= limits.idleMs) void session.close()
      }
      sweepLater()
    })
  }

  return {
    get sessions() {
      return sessions.size
    },

    async handle(request, principal) {
      const id = request.headers.get('mcp-session-id')
      if (id === null) {
        if (request.method === 'POST') return open(request, principal)
        return rpcError(400, BAD_REQUEST, 'the Mcp-Session-Id header is required')
      }
      const session = sessions.get(id)
      // To others a session does not exist.
      if (session === undefined || session.principalId !== principal.id) {
        return rpcError(404, SESSION_NOT_FOUND, 'session not found: initialize again')
      }
      return session.handle(request, principal)
    },

    async endSessionsOf(principalId) {
      const theirs = [...sessions.values()].filter(session => session.principalId === principalId)
      await Promise.all(theirs.map(session => session.close()))
    },

    async close() {
      stopSweep?.()
      await Promise.all([...sessions.values()].map(session => session.close()))
    },
  }
}

function full(sessions: number): Response {
  const { jsonrpc, http } = ERROR_TABLE.rate_limited
  return rpcError(http, jsonrpc, `all ${sessions} MCP sessions are in use`, {
    'retry-after': String(RETRY_AFTER_MS / 1000),
  })
}

function rpcError(
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return jsonResponse({ jsonrpc: '2.0', error: { code, message }, id: null }, status, headers)
}
