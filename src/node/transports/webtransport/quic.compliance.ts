/**
 * What every QUIC driver does, as plain functions: they run where the driver does, in Vitest on Node and as a program on Deno
 * (deno-suite.fixture.ts).
 */
import assert from 'node:assert/strict'
import { makeCertificate } from './certificate.ts'
import type { QuicConnection, QuicDriver, QuicLimits, QuicStream } from './quic.ts'
import { quicPair, soon } from './quic-pair.fixture.ts'

export type MakeDriver = (limits?: Partial<QuicLimits>) => QuicDriver

const MIB = 1024 * 1024
const CHUNK = 64 * 1024
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)
const bytes = (value: string) => new TextEncoder().encode(value)

export const quicCompliance: Record<string, (make: MakeDriver) => Promise<void>> = {
  async 'carries megabytes both ways at once, whole and in order'(make) {
    await withPair(make(), async ({ client, server }) => {
      const near = await client.open(soon())
      const writing = writeAll(near, 4 * MIB)
      const far = await accepted(server)
      await Promise.all([writing, echo(far), assertPattern(near, 4 * MIB)])
    })
  },

  async 'ends each direction by itself'(make) {
    await withPair(make(), async ({ client, server }) => {
      const near = await client.open(soon())
      near.write(bytes('question'))
      await near.end()
      const far = await accepted(server)
      assert.equal(await readText(far), 'question')
      far.write(bytes('answer'))
      await far.end()
      assert.equal(await readText(near), 'answer')
    })
  },

  async 'opens streams on both sides, whose ids say who did'(make) {
    await withPair(make(), async ({ client, server }) => {
      const [ofClient, ofServer] = await Promise.all([client.open(soon()), server.open(soon())])
      ofClient.write(bytes('c'))
      ofServer.write(bytes('s'))
      const [atServer, atClient] = await Promise.all([accepted(server), accepted(client)])
      assert.deepEqual([ofClient.id, atServer.id, ofServer.id, atClient.id], [0, 0, 1, 1])
      assert.deepEqual([text(await atServer.read()), text(await atClient.read())], ['c', 's'])
    })
  },

  async 'carries unidirectional streams, for as long as the connection lives'(make) {
    await withPair(make(), async ({ client, server }) => {
      const out = await client.openUnidirectional(soon())
      out.write(bytes('first'))
      const there = await server.acceptUnidirectional()
      assert.equal(text(await there?.read()), 'first')
      out.write(bytes('second'))
      assert.equal(text(await there?.read()), 'second')
      assert.equal(there?.id, 2)
    })
  },

  async 'holds a writer back while nobody reads, and no other stream'(make) {
    await withPair(make(), async ({ client, server }) => {
      const slow = await client.open(soon())
      let taken = 0
      while (taken < 64 * MIB && slow.write(new Uint8Array(CHUNK))) taken += CHUNK
      assert.ok(taken < 16 * MIB, `${taken} bytes were taken at once`)
      taken += await untilBlocked(slow)
      assert.ok(taken < 32 * MIB, `${taken} bytes were taken in all`)
      const other = await client.open(soon())
      other.write(bytes('x'))
      const slowFar = await accepted(server)
      assert.equal(text(await (await accepted(server)).read()), 'x')
      const draining = drain(slowFar)
      await slow.writable()
      await slow.end()
      await draining
    })
  },

  async 'tells a reader that its writer gave up'(make) {
    const driver = make()
    await withPair(driver, async ({ client, server }) => {
      const near = await client.open(soon())
      near.write(bytes('x'))
      const far = await accepted(server)
      assert.equal(text(await far.read()), 'x')
      near.reset(7)
      if (driver.canReset) await assert.rejects(far.read())
      else assert.equal(await far.read(), undefined)
    })
  },

  async 'tells a writer that nobody reads any more'(make) {
    await withPair(make(), async ({ client, server }) => {
      const near = await client.open(soon())
      near.write(bytes('x'))
      const far = await accepted(server)
      assert.equal(text(await far.read()), 'x')
      far.stop(7)
      await writeUntilUnread(near)
    })
  },

  async 'says how a connection ended, to both sides, and ends its streams'(make) {
    await withPair(make(), async ({ client, server }) => {
      const near = await client.open(soon())
      near.write(bytes('x'))
      const far = await accepted(server)
      assert.equal(text(await far.read()), 'x')
      const reading = assert.rejects(far.read())
      client.close(42, 'enough')
      const end = await server.closed
      assert.deepEqual([end.code, end.reason], [42, 'enough'])
      await reading
      await client.closed
      assert.equal(await server.accept(), undefined)
      await assert.rejects(server.open(soon()))
      near.write(bytes('y'))
      await near.unread
      await assert.rejects(near.writable())
    })
  },

  async 'refuses a server that shows another certificate'(make) {
    const pair = await quicPair(make())
    const other = await makeCertificate(Date.now() - 1_000)
    await assert.rejects(pair.connect(other), { code: 'unavailable' })
    await pair.close()
  },

  async 'changes its certificate in place: those who are there stay, those who come see the new one'(make) {
    const pair = await quicPair(make())
    const before = await pair.connect()
    const next = await makeCertificate(Date.now() - 1_000)
    pair.endpoint.setCertificate(next)
    const after = await pair.connect(next)
    await assert.rejects(pair.connect())
    for (const { client, server } of [before, after]) {
      const near = await client.open(soon())
      near.write(bytes('x'))
      assert.equal(text(await (await accepted(server)).read()), 'x')
    }
    await pair.close()
  },

  async 'tells its peers at once when it closes'(make) {
    const pair = await quicPair(make())
    const { client } = await pair.connect()
    const began = performance.now()
    await pair.endpoint.close()
    await client.closed
    assert.ok(performance.now() - began < 5_000)
  },

  async 'waits with one stream more than the peer allows, until one is over'(make) {
    await withPair(make({ streams: 2 }), async ({ client, server }) => {
      const first = await client.open(soon())
      const second = await client.open(soon())
      const impatient = new AbortController()
      const refused = assert.rejects(client.open(impatient.signal), /impatient/)
      impatient.abort(new Error('impatient'))
      await refused
      const third = client.open(soon())
      for (const stream of [first, second]) {
        stream.write(bytes('x'))
        await stream.end()
        const far = await accepted(server)
        assert.equal(await readText(far), 'x')
        await far.end()
        assert.equal(await stream.read(), undefined)
      }
      ;(await third).write(bytes('third'))
      for (;;) {
        const far = await accepted(server)
        const got = text(await far.read())
        if (got === 'third') break
        // The stream that nobody had any more when it could be opened.
        assert.equal(got, undefined)
      }
    })
  },

  async 'gives up a connection that nobody answers when it is told to'(make) {
    const silent = await quicPair(make())
    const { port } = silent.endpoint.address
    await silent.close()
    const control = new AbortController()
    const connecting = make().connect({
      host: '127.0.0.1',
      port,
      protocol: 'h3',
      certificateDigests: [new Uint8Array(32)],
      signal: control.signal,
    })
    control.abort(new Error('enough'))
    await assert.rejects(connecting)
  },

  async 'names a port that is taken'(make) {
    const pair = await quicPair(make())
    await assert.rejects(
      make().listen({
        ...pair.endpoint.address,
        certificate: pair.certificate,
        protocol: 'h3',
        onConnection: () => {},
      }),
      { code: 'conflict' },
    )
    await pair.close()
  },

  async 'listens on all addresses at once'(make) {
    const pair = await quicPair(make(), '0.0.0.0', '127.0.0.1')
    const { client, server } = await pair.connect()
    const near = await client.open(soon())
    near.write(bytes('any'))
    assert.equal(text(await (await accepted(server)).read()), 'any')
    await pair.close()
  },

  async 'listens and connects over IPv6'(make) {
    await withPair(
      make(),
      async ({ client, server }) => {
        assert.equal(server.remoteAddress.host, '::1')
        const near = await client.open(soon())
        near.write(bytes('six'))
        assert.equal(text(await (await accepted(server)).read()), 'six')
      },
      '::1',
    )
  },
}

async function withPair(
  driver: QuicDriver,
  check: (ends: { client: QuicConnection; server: QuicConnection }) => Promise<void>,
  host?: string,
): Promise<void> {
  const pair = await quicPair(driver, host)
  try {
    await check(await pair.connect())
  } finally {
    await pair.close()
  }
}

async function accepted(connection: QuicConnection): Promise<QuicStream> {
  const stream = await connection.accept()
  assert.ok(stream !== undefined, 'a stream comes')
  return stream
}

async function readText(stream: QuicStream): Promise<string> {
  let all = ''
  for (;;) {
    const next = await stream.read()
    if (next === undefined) return all
    all += text(next)
  }
}

async function echo(stream: QuicStream): Promise<void> {
  for (;;) {
    const next = await stream.read()
    if (next === undefined) return stream.end()
    if (!stream.write(next)) await stream.writable()
  }
}

async function drain(stream: QuicStream): Promise<void> {
  while ((await stream.read()) !== undefined) {}
}

const pattern = (at: number) => (at * 31 + (at >>> 10)) & 0xff

async function writeAll(stream: QuicStream, length: number): Promise<void> {
  for (let at = 0; at < length; at += CHUNK) {
    const chunk = Uint8Array.from({ length: CHUNK }, (_, index) => pattern(at + index))
    if (!stream.write(chunk)) await stream.writable()
  }
  await stream.end()
}

async function assertPattern(stream: QuicStream, length: number): Promise<void> {
  let at = 0
  for (;;) {
    const next = await stream.read()
    if (next === undefined) break
    const isRight = next.every((byte, index) => byte === pattern(at + index))
    assert.ok(isRight, `wrong between ${at} and ${at + next.byteLength}`)
    at += next.byteLength
  }
  assert.equal(at, length)
}

/** Writes on until the stream takes nothing for a while, as the windows are full; the bytes that it took. */
async function untilBlocked(stream: QuicStream): Promise<number> {
  for (let taken = 0; ; taken += CHUNK) {
    const isStuck = await Promise.race([
      stream.writable().then(() => false),
      new Promise<true>(resolve => setTimeout(() => resolve(true), 200)),
    ])
    if (isStuck) return taken
    stream.write(new Uint8Array(CHUNK))
  }
}

async function writeUntilUnread(stream: QuicStream): Promise<void> {
  let isUnread = false
  void stream.unread.then(() => {
    isUnread = true
  })
  while (!isUnread) {
    stream.write(bytes('x'))
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
