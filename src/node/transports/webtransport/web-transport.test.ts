import { describe, it } from 'vitest'
import { systemClock } from '../../../shared/clock.ts'
import { loadQuiche } from './quiche/binding.ts'
import { quicheQuic } from './quiche/quiche-quic.ts'
import { webTransportCompliance } from './web-transport.compliance.ts'

const quiche = await loadQuiche()
const driver = quicheQuic({ quiche, clock: systemClock, random: bytes => crypto.getRandomValues(bytes) })

describe('WebTransport between nodes, by quiche', () => {
  for (const [name, check] of Object.entries(webTransportCompliance))
    it(name, { timeout: 30_000 }, () => check(driver))
})
