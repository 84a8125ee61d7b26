/** Two nodes behind routers of their own meet through a relay and go direct; `npm run test:netns` has the other cases. */
import { test } from 'playwright/test'
import { runTasks, untilPeer } from './netns/inside.ts'
import { meet } from './netns/meeting.ts'
import { namespacesRefused } from './netns/namespaces.ts'

test('two nodes behind routers meet through a relay, and go on by a direct path without losing a task', async () => {
  const refused = await namespacesRefused()
  test.skip(refused !== undefined, refused)
  const { client, rightId, close } = await meet({ left: 'cone', right: 'cone' })
  try {
    const tasks = runTasks(client, rightId, 50)
    await untilPeer(
      'a direct path',
      client,
      peer => peer.peer_id === rightId && peer.path === 'webrtc',
      60_000,
    )
    await tasks
  } finally {
    await close()
  }
})
