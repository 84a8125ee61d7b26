import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js'
import { ElicitRequestSchema, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type { JsonObject } from '../../shared/tools/tool.ts'
import { askPerson, type Terminal } from './ask-person.ts'
import { clientError, resultError } from './mesh-errors.ts'

/** Longest wait for an answer, ms: longer than any call may run on a node by its settings' default. */
const ANSWER_MS = 600_000

export interface MeshTarget {
  /** The node's origin, `http://127.0.0.1:8420`. */
  url: string
  token?: string
}

/** A client of a running node: its tools and resources, over MCP like any other client. */
export class MeshClient {
  readonly url: string
  #client: Client
  /** Resolves when the node can tell us something unasked. */
  #listening: Promise<void>

  private constructor(url: string, client: Client, listening: Promise<void>) {
    this.url = url
    this.#client = client
    this.#listening = listening
  }

  /**
   * @param terminal where questions of the node to a person are asked; without it there is nobody to ask
   * @throws NoNodeError, NotANodeError, CredentialError
   */
  static async connect({ url, token }: MeshTarget, terminal?: Terminal): Promise<MeshClient> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const listening = Promise.withResolvers<void>()
    const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), {
      requestInit: { headers },
      // The SDK opens the stream of notifications beside all else and tells nobody when it is there.
      async fetch(input, init) {
        const response = await fetch(input, init)
        if (init?.method === 'GET') listening.resolve()
        return response
      },
    })
    const capabilities = terminal === undefined ? {} : { elicitation: {} }
    const client = new Client({ name: 'toolmesh-cli', version: '1' }, { capabilities })
    if (terminal !== undefined) {
      client.setRequestHandler(ElicitRequestSchema, ({ params }, { signal }) =>
        params.mode === 'url' ? { action: 'decline' } : askPerson(params, terminal, signal),
      )
    }
    try {
      await client.connect(transport)
    } catch (error) {
      throw clientError(error, url)
    }
    return new MeshClient(url, client, listening.promise)
  }

  /** Calls a tool and gives its result's object; a result with `isError` is thrown as the error it stands for. */
  async call(tool: string, input: JsonObject, options: RequestOptions = {}): Promise<unknown> {
    try {
      const request = { name: tool, arguments: input }
      const result = await this.#client.callTool(request, undefined, { timeout: ANSWER_MS, ...options })
      if (result.isError === true) throw resultError(result)
      return result.structuredContent ?? result.content
    } catch (error) {
      throw clientError(error, this.url)
    }
  }

  /** {@link call}, with a result that has to fit `schema`. */
  async ask<T>(
    tool: string,
    input: JsonObject,
    schema: z.ZodType<T>,
    options: RequestOptions = {},
  ): Promise<T> {
    return schema.parse(await this.call(tool, input, options))
  }

  /** The JSON of a resource. */
  async read<T>(uri: string, schema: z.ZodType<T>): Promise<T> {
    try {
      const { contents } = await this.#client.readResource({ uri }, { timeout: ANSWER_MS })
      return schema.parse(JSON.parse(textContents.parse(contents)[0]?.text ?? 'null'))
    } catch (error) {
      throw clientError(error, this.url)
    }
  }

  /**
   * Watches one resource. `changed` resolves when it has changed since it was last asked, and rejects when the node can
   * no longer be heard.
   */
  async watch(uri: string): Promise<{ changed(): Promise<void> }> {
    let next = Promise.withResolvers<void>()
    next.promise.catch(() => {})
    this.#client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
      if (params.uri === uri) next.resolve()
    })
    // The transport reports every hitch, and goes on after most: only one that a request meets too is the end.
    this.#client.onerror = () => {
      this.#client.ping().catch(error => next.reject(clientError(error, this.url)))
    }
    await this.#listening
    try {
      await this.#client.subscribeResource({ uri })
    } catch (error) {
      throw clientError(error, this.url)
    }
    return {
      async changed() {
        await next.promise
        next = Promise.withResolvers<void>()
        next.promise.catch(() => {})
      },
    }
  }

  async close(): Promise<void> {
    await this.#client.close()
  }
}

const textContents = z.array(z.looseObject({ text: z.string() }))
