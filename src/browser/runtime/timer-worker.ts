/** Entry of the tab's timer worker: timers here run on time also while the page is hidden. */
import type { ToTimer } from './timer-messages.ts'

const timers = new Map<number, ReturnType<typeof setTimeout>>()

addEventListener('message', (event: MessageEvent<ToTimer>) => {
  const message = event.data
  clearTimeout(timers.get(message.timer))
  timers.delete(message.timer)
  if (message.kind === 'clear') return
  const fire = () => {
    timers.delete(message.timer)
    postMessage({ timer: message.timer })
  }
  timers.set(message.timer, setTimeout(fire, message.ms))
})
