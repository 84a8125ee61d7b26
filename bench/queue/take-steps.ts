import { createInterface } from 'node:readline'
import type { Contender } from './contender.ts'
import { Measurement } from './measure.ts'
import { STEPS } from './round.ts'

/** A contender's process: says that it is ready, takes each step named on stdin, and prints its round at the end. */
export async function takeSteps(contender: Contender, serverPid?: number): Promise<void> {
  const measurement = new Measurement(contender, serverPid)
  print('ready')
  for await (const line of createInterface(process.stdin)) {
    const step = STEPS.find(each => each === line)
    if (step === undefined) throw new Error(`there is no step ${line}`)
    await measurement.take(step)
    print('taken')
  }
  await contender.close()
  print(JSON.stringify(measurement.round))
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
