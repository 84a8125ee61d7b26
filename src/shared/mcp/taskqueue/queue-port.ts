import type { Queue } from '../../queue/queue.ts'

/** What the tools and resources of tasks need of the queue. */
export type QueuePort = Pick<
  Queue,
  | 'submit'
  | 'get'
  | 'head'
  | 'withLogs'
  | 'result'
  | 'list'
  | 'cancel'
  | 'update'
  | 'resubmit'
  | 'pause'
  | 'resume'
  | 'pauses'
  | 'onPauses'
  | 'status'
  | 'progressOf'
  | 'logsOf'
  | 'missingFor'
  | 'events'
  | 'onChange'
>
