import { expect, it } from 'vitest'
import type { Principal } from '../../authority/principal.ts'
import { admin, alice, MeshToolsFixture, reader } from '../mesh-tools.fixture.ts'
import { principalWith } from '../text-tools.fixture.ts'

const callers = {
  admin,
  reader,
  submitter: alice,
  worker: principalWith('peer:peer-w', 'work'),
  /** As a token over HTTP, which is no worker. */
  workToken: principalWith('token:work', 'work'),
  stranger: principalWith('token:none'),
} satisfies Record<string, Principal>

type Caller = keyof typeof callers

const readers: Caller[] = ['admin', 'reader']
const submitters: Caller[] = ['admin', 'submitter']
const both: Caller[] = ['admin', 'reader', 'submitter']

const MAY: Record<string, Caller[]> = {
  status: readers,
  submit: submitters,
  cancel: submitters,
  get_result: both,
  list_tasks: both,
  update_task: submitters,
  task_status: both,
  resubmit: submitters,
  priority: submitters,
  worker_stats: readers,
  discover_peers: readers,
  announce: ['admin', 'worker'],
  heartbeat: ['admin', 'worker'],
  shutdown: ['admin'],
  pause: ['admin'],
  resume: ['admin'],
  schedule: submitters,
  schedules: both,
}

it.each(Object.entries(MAY))(
  'p2p_taskqueue_%s is for whom its role names, and nobody else',
  async (tool, may) => {
    const mesh = await MeshToolsFixture.open()
    const name = `p2p_taskqueue_${tool}`
    for (const [caller, principal] of Object.entries(callers)) {
      // What the tool does not know is refused only after the role was looked at, and changes nothing.
      const answer = mesh.answer(name, { no_such_parameter: true }, principal)
      if (may.some(each => each === caller)) {
        expect(await answer, caller).toMatchObject({
          structuredContent: { code: 'invalid_input' },
        })
      } else {
        await expect(answer, caller).rejects.toMatchObject({ code: 'forbidden' })
      }
    }
  },
)
