const TAIL = 8

/** A peer id's last characters, where ids differ most: `…3fXq9LkP`. */
export function shortPeerId(peerId: string): string {
  return peerId.length <= TAIL + 1 ? peerId : `…${peerId.slice(-TAIL)}`
}

/** A task id's last part, which is what tells tasks of one owner apart. */
export function shortTaskId(taskId: string): string {
  return taskId.length <= 13 ? taskId : `…${taskId.slice(-12)}`
}
