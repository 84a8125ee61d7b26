import type { GossipSub, GossipSubComponents, TopicValidatorFn } from '@libp2p/gossipsub'
import type { Clock } from '../../clock.ts'
import { TokenBucket } from '../limits/token-bucket.ts'
import {
  announcementBytes,
  announcementFromBytes,
  MAX_ANNOUNCEMENT_BYTES,
  type Verify,
} from './announcement-bytes.ts'
import type { Found } from './discovery-source.ts'
import { capture, type Libp2pSource } from './libp2p-source.ts'
import { topicOf } from './namespace-names.ts'
import { NewestWords, SAID_AGAIN_MS } from './newest-words.ts'
import { NobodyThereError } from './nobody-there-error.ts'

/** Announcements that one neighbour may bring: the whole topic says about one a second (`announce-budget.ts`). */
const FROM_ONE = { perSecond: 10, burst: 300 }
/** Neighbours whose rate is counted. */
const NEIGHBOURS = 1024

export interface PubsubSourceInit {
  namespace: string
  verify: Verify
  clock: Clock
}

/**
 * Announcements on a gossip topic of the namespace (libp2p gossipsub v1.1). A peer passes on only what it has checked: the
 * form, the signature, that it is newer than what was heard of that peer, and the rate of the neighbour that brought it.
 */
export async function pubsubSource({ namespace, verify, clock }: PubsubSourceInit): Promise<Libp2pSource> {
  const { gossipsub, TopicValidatorResult } = await import('@libp2p/gossipsub')
  const topic = topicOf(namespace)
  const part = capture<GossipSubComponents, GossipSub>(gossipsub(gossipOptions(topic)))
  const newest = new NewestWords(clock)
  const rates = new Map<string, TokenBucket>()

  function isWithinRate(neighbour: string): boolean {
    const rate = rates.get(neighbour) ?? new TokenBucket(FROM_ONE, clock.monotonic())
    rates.delete(neighbour)
    rates.set(neighbour, rate)
    const [oldest] = rates.keys()
    if (rates.size > NEIGHBOURS && oldest !== undefined) rates.delete(oldest)
    return rate.tryTake(1, clock.monotonic())
  }

  const validate: TopicValidatorFn = async (neighbour, { data }) => {
    if (!isWithinRate(neighbour.toString())) return TopicValidatorResult.Ignore
    const signed = announcementFromBytes(data)
    const said = signed && (await verify(signed))
    // Who passes on what no honest peer does loses its standing with its neighbours.
    if (said === undefined) return TopicValidatorResult.Reject
    return newest.isNews(said) ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore
  }

  return {
    services: { pubsub: part.factory },
    source: {
      name: 'pubsub',
      everyMs: 60_000,
      floods: true,
      async publish(announcement, signal) {
        signal.throwIfAborted()
        const pubsub = part.get()
        if (pubsub.getSubscribers(topic).length === 0) throw new NobodyThereError(`the topic ${topic}`)
        await pubsub.publish(topic, announcementBytes(announcement))
      },
      listen(onFound: (found: Found) => void) {
        const pubsub = part.get()
        const heard = ({ detail }: { detail: { topic: string; data: Uint8Array } }) => {
          const announcement = detail.topic === topic ? announcementFromBytes(detail.data) : undefined
          if (announcement !== undefined) onFound({ announcement })
        }
        pubsub.topicValidators.set(topic, validate)
        pubsub.addEventListener('message', heard)
        pubsub.subscribe(topic)
        return () => {
          pubsub.removeEventListener('message', heard)
          if (pubsub.getTopics().includes(topic)) pubsub.unsubscribe(topic)
        }
      },
      onReady(fn) {
        const pubsub = part.get()
        let before = 0
        const changed = () => {
          const now = pubsub.getSubscribers(topic).length
          if (before === 0 && now > 0) fn()
          before = now
        }
        pubsub.addEventListener('subscription-change', changed)
        return () => pubsub.removeEventListener('subscription-change', changed)
      },
      close: async () => {},
    },
  }
}

function gossipOptions(
  topic: string,
): NonNullable<Parameters<typeof import('@libp2p/gossipsub').gossipsub>[0]> {
  return {
    // An announcement is signed by whom it is of; a second signature by who published it says nothing more.
    globalSignaturePolicy: 'StrictNoSign',
    ignoreDuplicatePublishError: true,
    seenTTL: SAID_AGAIN_MS,
    allowedTopics: [topic],
    maxInboundDataLength: MAX_ANNOUNCEMENT_BYTES * 16,
    maxOutboundBufferSize: 1024 * 1024,
    maxTopicBytesPerPeer: 16 * 1024,
    decodeRpcLimits: {
      maxSubscriptions: 8,
      maxMessages: 64,
      maxIhaveMessageIDs: 1000,
      maxIwantMessageIDs: 1000,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 64,
      maxPeerInfos: 0,
    },
    runOnLimitedConnection: true,
    scoreParams: {
      // Tabs and nodes of one house share an address.
      IPColocationFactorWeight: 0,
      topics: {
        [topic]: {
          topicWeight: 1,
          timeInMeshWeight: 0.01,
          timeInMeshQuantum: 1000,
          timeInMeshCap: 300,
          firstMessageDeliveriesWeight: 0.1,
          firstMessageDeliveriesDecay: 0.9,
          firstMessageDeliveriesCap: 20,
          // The topic is quiet: to bring little is no fault.
          meshMessageDeliveriesWeight: 0,
          meshMessageDeliveriesDecay: 0.5,
          meshMessageDeliveriesCap: 1,
          meshMessageDeliveriesThreshold: 1,
          meshMessageDeliveriesWindow: 10,
          meshMessageDeliveriesActivation: 5000,
          meshFailurePenaltyWeight: 0,
          meshFailurePenaltyDecay: 0.5,
          invalidMessageDeliveriesWeight: -20,
          invalidMessageDeliveriesDecay: 0.95,
        },
      },
    },
  }
}
