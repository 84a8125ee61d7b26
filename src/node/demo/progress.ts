/** How far the demo is, for a person: a bar on a terminal, a line now and then elsewhere. */
export interface Progress {
  /** How many documents are done, and how many there are: some turn out to be none. */
  update(done: number, all: number): void
  end(): void
}

/** Least time between two lines where there is no terminal, ms. */
const LINE_EVERY_MS = 5_000
/** Updates over which the time left is estimated. */
const ETA_UPDATES = 100

export async function showProgress(out: NodeJS.WriteStream): Promise<Progress> {
  return out.isTTY ? bar(out) : lines(out)
}

async function bar(out: NodeJS.WriteStream): Promise<Progress> {
  const { default: cliProgress } = await import('cli-progress')
  const format = '{bar} {percentage}% | {value} of {total} documents | {rate} a second | {eta_formatted} left'
  const progress = new cliProgress.SingleBar(
    { format, stream: out, hideCursor: true, etaBuffer: ETA_UPDATES },
    cliProgress.Presets.shades_classic,
  )
  const started = performance.now()
  progress.start(0, 0, { rate: '0' })
  return {
    update(done, all) {
      progress.setTotal(all)
      progress.update(done, { rate: rate(done, started) })
    },
    end: () => progress.stop(),
  }
}

function lines(out: NodeJS.WriteStream): Progress {
  const started = performance.now()
  let last = started
  let line = ''
  return {
    update(done, all) {
      const now = performance.now()
      const left =
        done === 0 ? '' : `, about ${Math.ceil(((all - done) * (now - started)) / done / 1000)} s left`
      line = `${done} of ${all} documents, ${rate(done, started)} a second${left}\n`
      if (now - last < LINE_EVERY_MS) return
      last = now
      out.write(line)
    },
    end: () => {
      out.write(line)
    },
  }
}

function rate(done: number, started: number): string {
  const seconds = (performance.now() - started) / 1000
  return seconds === 0 ? '0' : (done / seconds).toFixed(1)
}
