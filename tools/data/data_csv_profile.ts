import Papa from 'papaparse'
import { z } from 'zod'
import { bytesOfContent, contentFields, exactlyOneContent } from '../../src/shared/tools/content.ts'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'
import { yieldToEvents } from '../../src/shared/tools/yield-to-events.ts'
import { type ColumnProfile, columnProfile, profileColumn } from './column-profile.ts'

const MAX_COLUMNS = 1_000
const MAX_PROBLEMS = 20

const problem = z.object({
  row: z
    .int()
    .nullable()
    .describe('Row of the file, from 0, the header included; null when it concerns the whole'),
  message: z.string().describe('What is wrong there'),
})

export default defineTool({
  name: 'data_csv_profile',
  category: 'data',
  title: 'Profile a CSV table',
  description:
    'Profiles a CSV or TSV table: finds the delimiter, and for each column its type, empty and distinct values, range, ' +
    'mean and most frequent values; reports rows that do not fit. Quoted fields, line breaks in fields and a BOM are understood.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z
    .strictObject({
      ...contentFields('The table (UTF-8)'),
      delimiter: z
        .string()
        .length(1)
        .optional()
        .describe('Character between fields; left out, it is found out'),
      header: z.boolean().default(true).describe('Whether the first row holds the names of the columns'),
      top: z
        .int()
        .min(0)
        .max(50)
        .default(5)
        .describe('How many of the most frequent values to give for each column'),
    })
    .refine(...exactlyOneContent),
  output: z.object({
    rows: z.int().describe('Number of data rows'),
    delimiter: z.string().describe('The character between fields'),
    columns: z.array(columnProfile).describe('One profile for each column, in order'),
    problems: z.array(problem).describe(`Rows that do not fit, at most ${MAX_PROBLEMS}`),
  }),
  async run(input, context) {
    const text = input.text ?? new TextDecoder().decode(bytesOfContent(input))
    const parsed = Papa.parse<string[]>(text.replace(/^\uFEFF/, ''), {
      ...(input.delimiter === undefined ? {} : { delimiter: input.delimiter }),
      skipEmptyLines: 'greedy',
    })
    const names = input.header ? (parsed.data[0] ?? []) : []
    const rows = input.header ? parsed.data.slice(1) : parsed.data
    const width = rows.reduce((widest, row) => Math.max(widest, row.length), names.length)

    const columns: ColumnProfile[] = []
    for (let at = 0; at < Math.min(width, MAX_COLUMNS); at++) {
      columns.push(
        profileColumn(
          names[at] ?? `column_${at + 1}`,
          rows.map(row => row[at] ?? ''),
          input.top,
        ),
      )
      context.progress(at + 1, width)
      await yieldToEvents(context.signal)
    }
    const problems = [
      ...parsed.errors.map(({ row, message }) => ({ row: row ?? null, message })),
      ...unevenRows(rows, names.length || (rows[0]?.length ?? 0), input.header ? 1 : 0),
    ]
    return {
      rows: rows.length,
      delimiter: parsed.meta.delimiter,
      columns,
      problems: problems.slice(0, MAX_PROBLEMS),
    }
  },
})

function unevenRows(rows: readonly string[][], width: number, offset: number): z.infer<typeof problem>[] {
  return rows.flatMap((row, index) =>
    row.length === width
      ? []
      : [{ row: index + offset, message: `${row.length} fields instead of ${width}` }],
  )
}
