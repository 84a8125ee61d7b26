/** One JSON value, indented, on the standard output. */
export function printJson(value: unknown): void {
  write(`${JSON.stringify(value, null, 2)}\n`)
}

/** Rows below a header, each column as wide as its widest cell. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const shown = rows.map(row => row.map(visible))
  const widths = header.map((title, column) =>
    Math.max(title.length, ...shown.map(row => row[column]?.length ?? 0)),
  )
  for (const row of [header, ...shown]) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0))
    write(`${cells.join('  ').trimEnd()}\n`)
  }
}

/** A line of text on the standard output. */
export function printLine(line: string): void {
  write(`${visible(line)}\n`)
}

/** What comes from others (log lines, errors, labels) must not steer the terminal, nor begin a line that is none. */
function visible(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

let isGuarded = false

/**
 * A text on the standard output. When its reader has gone (`| head`), so does this process, quietly: there is nobody
 * left to print to.
 */
export function write(text: string): void {
  if (!isGuarded) process.stdout.on('error', endWithReader)
  isGuarded = true
  process.stdout.write(text)
}

function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit()
  throw error
}
