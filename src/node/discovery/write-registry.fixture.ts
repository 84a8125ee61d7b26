/** A process that puts so many peers into a registry, each by its own driver: `write-registry.fixture.ts <path> <count>`. */
import { silentLogger } from '../../shared/logger.ts'
import { TEST_TIME, testPeer } from '../../shared/mesh/peers/peers.fixture.ts'
import { fileRegistry } from './file-registry.ts'

const [path = '', count = '0'] = process.argv.slice(2)
for (let n = 0; n < Number(count); n++) {
  const { peerId, says } = await testPeer()
  const source = fileRegistry({ path, peerId, now: () => TEST_TIME, logger: silentLogger })
  await source.publish?.(await says(), AbortSignal.timeout(30_000))
}
