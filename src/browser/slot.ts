/** Key of sessionStorage: the slot that this very tab had before a reload. */
const LAST_SLOT = 'toolmesh-slot'
/** How long a reloaded tab waits for its own slot, which the page before it may not have given back yet. */
const OWN_SLOT_WAIT_MS = 2_000

/** The identity of one tab among those of this browser: held by a Web Lock while the tab lives. */
export interface Slot {
  readonly number: number
  release(): void
}

/** Takes the slot that this tab had before a reload, else the first free one. */
export async function takeSlot(): Promise<Slot> {
  const slot = (await takeOwn()) ?? (await takeFirstFree())
  sessionStorage.setItem(LAST_SLOT, String(slot.number))
  return slot
}

async function takeOwn(): Promise<Slot | undefined> {
  const last = Number.parseInt(sessionStorage.getItem(LAST_SLOT) ?? '', 10)
  if (!(last >= 0)) return undefined
  return lock(last, { signal: AbortSignal.timeout(OWN_SLOT_WAIT_MS) })
}

async function takeFirstFree(): Promise<Slot> {
  for (let number = 0; ; number++) {
    const slot = await lock(number, { ifAvailable: true })
    if (slot !== undefined) return slot
  }
}

function lock(number: number, options: LockOptions): Promise<Slot | undefined> {
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null) => {
      if (lock === null) return resolve(undefined)
      return new Promise<void>(release => resolve({ number, release }))
    }
    navigator.locks.request(`toolmesh-peer-${number}`, options, hold).catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'TimeoutError') resolve(undefined)
      else reject(error)
    })
  })
}
