/** `node --expose-gc book-memory.ts <peers>`: what a node's peer book holds in memory, MiB, when it knows so many; prints it. */
import { z } from 'zod'
import { LocalPeerBook } from '../../src/shared/mesh/peers/peer-book.ts'
import { readAnnouncement } from '../../src/shared/mesh/peers/signed-announcement.ts'
import { seeded } from './random.ts'
import { VirtualClock } from './virtual-clock.ts'
import { unsignedWords } from './words.ts'

const [peers] = z.tuple([z.coerce.number().int()]).parse(process.argv.slice(2))
const clock = new VirtualClock()
const words = unsignedWords(clock, seeded(1))
const book = new LocalPeerBook({
  ownPeerId: 'self',
  // Each book of a process of its own reads what it hears itself.
  verify: async signed => readAnnouncement(signed.text),
  isGranted: () => false,
  isHere: () => false,
  clock,
  random: seeded(2),
})
const before = used()
for (let n = 0; n < peers; n++) {
  const { voice } = await words.voice({
    kind: 'node',
    address: `/ip4/10.${n % 200}.${n % 190}.${n % 180}/tcp/4001`,
    catalogue_cid: `bafkrei${n % 7}`,
  })
  const { text = '', signature = '' } = voice.current() ?? {}
  // A copy of its own, as from the network.
  await book.hear({ announcement: { text: Buffer.from(text).toString(), signature } }, 'exchange')
  voice.close()
}
process.stdout.write(`${JSON.stringify({ known: book.size, mib: used() - before })}\n`)

function used(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1024 / 1024
}
