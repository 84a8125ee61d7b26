const TEXT = `A workflow is a graph of tool calls. A step starts the moment that what it needs is there: there are no levels and no barrier.

One failed branch leaves the others running, and what depends on it is skipped with the reason.

What has happened is kept as events. After a restart the node reads them and goes on; a step that was committed never runs again.`

/** A small workflow on tools that every node has: a fan-out, a sum, and a person's approval before the last step. */
export const EXAMPLE_WORKFLOW = {
  name: 'example',
  description: 'Splits a text, counts the tokens of each piece, and reports once a person approves.',
  steps: [
    {
      id: 'split',
      title: 'Split the text',
      tool: 'text_chunk',
      params: { text: { $from: 'input', path: '/text' }, max_chars: 120, overlap: 0 },
    },
    {
      id: 'count',
      title: 'Count the tokens of each piece',
      tool: 'text_token_count',
      for_each: { items: { $from: 'split', path: '/chunks' }, concurrency: 4 },
      params: { text: { $from: 'item', path: '/text' } },
    },
    {
      id: 'keywords',
      title: 'Find the keywords',
      tool: 'text_keywords',
      params: { text: { $from: 'input', path: '/text' } },
    },
    {
      id: 'sum',
      title: 'Add the tokens up',
      tool: 'data_json_query',
      params: { json: { $from: 'count' }, query: '{"tokens": $sum(tokens), "pieces": $count($)}' },
    },
    {
      id: 'approve',
      title: 'Ask a person',
      depends_on: ['sum', 'keywords'],
      wait: {
        signal: 'approval',
        message: 'The text was read. Write the report?',
        schema: {
          type: 'object',
          properties: {
            approved: { type: 'boolean' },
            note: { type: 'string', title: 'Note', description: 'It stands in the report.', maxLength: 200 },
          },
          required: ['approved'],
        },
      },
    },
    {
      id: 'report',
      title: 'Write the report',
      tool: 'data_json_query',
      when: { $from: 'approve', path: '/approved' },
      params: {
        json: {
          sum: { $from: 'sum', path: '/result' },
          keywords: { $from: 'keywords' },
          approval: { $from: 'approve' },
        },
        query:
          '{"tokens": sum.tokens, "pieces": sum.pieces, "keywords": keywords.keywords[[0..4]].term, "note": approval.note}',
      },
    },
  ],
  output: { $from: 'report', path: '/result' },
  input: { text: TEXT },
}
