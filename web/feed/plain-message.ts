/** What an error says to a person: its message, without the prefix that the MCP client puts before the node's words. */
export function plainMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/^MCP error -?\d+: /, '')
}
