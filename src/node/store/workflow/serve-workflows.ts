import type { QueueDatabase } from '../queue/queue-database.ts'
import type { WorkflowCall } from '../queue/queue-thread-protocol.ts'

/** Does in the store's thread what is asked about workflows. */
export function serveWorkflows(database: QueueDatabase, call: WorkflowCall): unknown {
  switch (call.workflows) {
    case 'create':
      return database.writeWorkflows(tables => tables.create(...call.args))
    case 'append':
      return database.writeWorkflows(tables => tables.append(...call.args))
    case 'claim':
      return database.writeWorkflows(tables => tables.claim(...call.args))
    case 'request':
      return database.writeWorkflows(tables => tables.request(...call.args))
    case 'putDefinition':
      return database.writeWorkflows(tables => tables.putDefinition(...call.args))
    case 'beginAdoption':
      return database.writeWorkflows(tables => tables.beginAdoption())
    case 'adoptPage':
      return database.writeWorkflows(tables => tables.adoptPage(...call.args))
    case 'endAdoption':
      return database.writeWorkflows(tables => tables.endAdoption(...call.args))
    case 'dropAdoption':
      return database.writeWorkflows(tables => tables.dropAdoption(...call.args))
    case 'prune':
      return database.writeWorkflows(tables => tables.prune(...call.args))
    case 'head':
      return database.readWorkflows(tables => tables.head(...call.args))
    case 'requests':
      return database.readWorkflows(tables => tables.requests(...call.args))
    case 'list':
      return database.readWorkflows(tables => tables.list(...call.args))
    case 'counts':
      return database.readWorkflows(tables => tables.counts())
    case 'owners':
      return database.readWorkflows(tables => tables.owners())
    case 'owned':
      return database.readWorkflows(tables => tables.owned(...call.args))
    case 'orphans':
      return database.readWorkflows(tables => tables.orphans(...call.args))
    case 'events':
      return database.readWorkflows(tables => tables.events(...call.args))
    case 'bodies':
      return database.readWorkflows(tables => tables.bodies(...call.args))
    case 'itemOutputs':
      return database.readWorkflows(tables => tables.itemOutputs(...call.args))
    case 'allBodies':
      return database.readWorkflows(tables => tables.allBodies(...call.args))
    case 'definition':
      return database.readWorkflows(tables => tables.definition(...call.args))
    case 'definitions':
      return database.readWorkflows(tables => tables.definitions(...call.args))
    case 'referred':
      return database.readWorkflows(tables => tables.referred(...call.args))
    case 'blobs':
      return database.readWorkflows(tables => tables.blobs(...call.args))
  }
}
