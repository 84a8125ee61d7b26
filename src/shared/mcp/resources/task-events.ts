import type { Principal } from '../../authority/principal.ts'
import type { QueuePort } from '../taskqueue/queue-port.ts'
import { sees } from '../taskqueue/task-access.ts'
import { taskEventView } from '../taskqueue/task-view.ts'
import type { TaskEventsView } from '../views.ts'
import type { MeshResource } from './mesh-resource.ts'

/** Changes of one read, from a position. */
const PAGE = 1_000
/** Changes in `mesh://task-events`: what a reader needs to begin with. */
const NEWEST = 100

type Events = Pick<QueuePort, 'events' | 'onChange'>

/** The newest changes, and where to read on from: what is subscribed to. */
export function newestTaskEventsResource(queue: Events): MeshResource {
  return {
    uri: 'mesh://task-events',
    name: 'task-events',
    title: 'Changes of tasks',
    description: `The newest ${NEWEST} changes of tasks, oldest first, and \`next\`: the position to read on from with mesh://task-events/{after}. Subscribe to this one to be told that there are more.`,
    need: ['read', 'submit'],
    async read(_after, principal) {
      const { last } = await queue.events(Number.MAX_SAFE_INTEGER, 1)
      // Of the last page, as those of others are not shown to everyone.
      const view = await eventsBehind(queue, Math.max(last - PAGE, 0), principal)
      return { ...view, events: view.events.slice(-NEWEST) }
    },
    onChange: (listener, _after, principal) => onOwnChange(queue, listener, principal),
  }
}

/** The changes behind a position. */
export function taskEventsResource(queue: Events): MeshResource {
  return {
    uri: 'mesh://task-events/{after}',
    name: 'task-events-after',
    title: 'Changes of tasks behind a position',
    description: `At most ${PAGE} changes of tasks with a position (\`seq\`) behind the given one, 0: from the oldest kept. Read on from \`next\` while it is below \`last\`; where \`oldest\` is beyond your position + 1, some are no longer kept.`,
    need: ['read', 'submit'],
    read(after, principal) {
      return /^\d{1,15}$/.test(after) ? eventsBehind(queue, Number(after), principal) : undefined
    },
    onChange: (listener, _after, principal) => onOwnChange(queue, listener, principal),
  }
}

async function eventsBehind(queue: Events, after: number, principal: Principal): Promise<TaskEventsView> {
  const { events, oldest, last } = await queue.events(after, PAGE)
  return {
    events: events.filter(event => sees(principal, event.principal)).map(taskEventView),
    // Those of others are passed over, too.
    next: events.at(-1)?.seq ?? Math.max(after, last),
    last,
    oldest,
  }
}

function onOwnChange(queue: Events, listener: () => void, principal: Principal): () => void {
  return queue.onChange(event => {
    if (sees(principal, event.principal)) listener()
  })
}
