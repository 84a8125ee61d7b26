import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { z } from 'zod'
import type { JsonObject } from '../../shared/tools/tool.ts'
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

  private constructor(url: string, client: Client) {
    this.url = url
    this.#client = client
  }

  /** @throws NoNodeError, NotANodeError, CredentialError */
  static async connect({ url, token }: MeshTarget): Promise<MeshClient> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } })
    const client = new Client({ name: 'toolmesh-cli', version: '1' }, { capabilities: {} })
    try {
      await client.connect(transport)
    } catch (error) {
      throw clientError(error, url)
    }
    return new MeshClient(url, client)
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

  async close(): Promise<void> {
    await this.#client.close()
  }
}
