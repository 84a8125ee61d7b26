/** A database server that a rival works with: in a folder of its own, on a socket in it, for one round. */
export interface Server {
  /** Its main process, whose children work for it too. */
  pid: number
  /** Where a client finds it: the path of a socket, or the folder that holds it. */
  address: string
  stop(): Promise<void>
}
