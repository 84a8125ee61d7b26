/** What went over sessions as frames; large values (blobs) travel on streams of their own and are not in it. */
export interface SessionBytes {
  received: { bytes: number; messages: number }
  sent: { bytes: number; messages: number }
}

export function noBytes(): SessionBytes {
  return { received: { bytes: 0, messages: 0 }, sent: { bytes: 0, messages: 0 } }
}

/** Adds what `more` has to `sum`. */
export function addBytes(sum: SessionBytes, more: SessionBytes): void {
  for (const way of ['received', 'sent'] as const) {
    sum[way].bytes += more[way].bytes
    sum[way].messages += more[way].messages
  }
}
