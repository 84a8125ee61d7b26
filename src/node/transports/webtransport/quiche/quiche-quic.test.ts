import { describe, it } from 'vitest'
import { systemClock } from '../../../../shared/clock.ts'
import { quicCompliance } from '../quic.compliance.ts'
import { loadQuiche } from './binding.ts'
import { quicheQuic } from './quiche-quic.ts'

const quiche = await loadQuiche()
const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes)

describe('QUIC by quiche', () => {
  for (const [name, check] of Object.entries(quicCompliance)) {
    it(name, () => check((limits = {}) => quicheQuic({ quiche, clock: systemClock, random, limits })))
  }
})
