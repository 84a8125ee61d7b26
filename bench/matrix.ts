import type { Benchmark, Findings } from './benchmark.ts'
import { type Cell, type Kind, runMatrix, type Transport } from './matrix/run-matrix.ts'
import { summarise } from './statistics.ts'

const EFFORT = { calls: 200, bytes: 8_000_000, values: 3 }
/** How many times the throughput of WebSocket WebTransport has to have from a tab to Deno. */
const GOAL_TIMES = 2
/** Why a cell is empty that need not be told for each. */
const NO_SUCH_WAY = new Set(['a tab does not listen', 'not in a browser'])

export const benchmark: Benchmark = {
  name: 'matrix',
  title:
    'Every kind of peer to every kind, over every transport: calls over a session, and a raw echo on the same connection',
  usesNode: true,
  run,
}

async function run(): Promise<Findings[]> {
  const cells = await runMatrix(EFFORT, () => {})
  const there = cells.filter(({ missing = '' }) => !NO_SUCH_WAY.has(missing))
  const failed = there.filter(({ error }) => error !== undefined)
  return [
    {
      method: tableOf(there),
      figures: [{ name: 'cells that failed', value: failed.length, unit: '', goal: { most: 0 } }],
    },
    {
      method: 'WebTransport against WebSocket, tab to Deno, in this run',
      figures: [
        times(cells, 'up', ({ upMBs }) => upMBs),
        times(cells, 'down', ({ downMBs }) => downMBs),
        times(cells, 'raw echo', ({ echoMBs }) => echoMBs),
      ],
    },
  ]
}

function times(
  cells: readonly Cell[],
  name: string,
  of: (measured: NonNullable<Cell['measured']>) => number,
) {
  const rate = (transport: Transport, from: Kind, to: Kind): number => {
    const measured = cells.find(
      cell => cell.transport === transport && cell.from === from && cell.to === to,
    )?.measured
    return measured === undefined ? Number.NaN : of(measured)
  }
  const value = rate('webtransport', 'tab', 'deno') / rate('websocket', 'tab', 'deno')
  return { name, value, unit: 'times', goal: { least: GOAL_TIMES } }
}

const COLUMNS = [
  'from',
  'to',
  'by',
  'dial ms',
  'call p50',
  'p99',
  'echo p50',
  'p99',
  'up MB/s',
  'down',
  'echo',
]

/** As a table of text: one row a cell. */
function tableOf(cells: readonly Cell[]): string {
  const rows = [COLUMNS, ...cells.map(rowOf)]
  const widths = COLUMNS.map((_, column) =>
    Math.max(...rows.map(row => (row.length > 4 ? (row[column]?.length ?? 0) : 0))),
  )
  return rows
    .map(row => row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n    ')
}

function rowOf({ from, to, transport, measured, error, missing }: Cell): string[] {
  if (measured === undefined)
    return [from, to, transport, error === undefined ? `– ${missing}` : `FAILED ${error.split('\n')[0]}`]
  const { dialMs, callMs, echoMs, upMBs, downMBs, echoMBs } = measured
  const [call, echo] = [summarise(callMs), summarise(echoMs)]
  const numbers = [call.median, call.p99, echo.median, echo.p99].map(ms => ms.toFixed(2))
  return [
    from,
    to,
    transport,
    dialMs.toFixed(0),
    ...numbers,
    ...[upMBs, downMBs, echoMBs].map(rate => rate.toFixed(1)),
  ]
}
