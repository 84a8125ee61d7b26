/** A process that appends to workflows of a store and prints the id and `seq` of each acknowledged append, until it is killed. */
import { appendTo, headOf, newWorkflow } from '../../../shared/workflow/store/workflow.fixture.ts'
import { openSqliteStores } from '../sqlite-stores.ts'

const { workflows } = await openSqliteStores({ path: process.argv[2] ?? '' })

async function appendForEver(id: string): Promise<never> {
  await workflows.create([newWorkflow(id, { owner: 'e1' })])
  let head = headOf(id, { owner: 'e1' })
  for (;;) {
    const next = head.seq + 1
    const output = { of: 'output', step: 's', generation: 1, item: next } as const
    const [reply] = await workflows.append([
      appendTo(head, {}, { bodies: [{ key: output, body: `${next}` }] }),
    ])
    if (!reply?.done) throw new Error(`refused: ${reply?.refusal}`)
    head = { ...head, seq: next }
    process.stdout.write(`${id} ${next};\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, n) => appendForEver(`w${n}`)))
