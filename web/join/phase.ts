import type { TabState } from '../../src/browser/tab-contract.ts'
import type { Tone } from '../design/status.ts'

export interface PhaseText {
  tone: Tone
  /** One line that says how it is. */
  title: string
  /** What it means, or what to do. */
  text: string
}

/** The tab's phase in plain words. */
export function phaseText(state: TabState): PhaseText {
  const running = state.running.length
  switch (state.phase) {
    case 'idle':
      return { tone: 'muted', title: 'Not joined', text: 'This tab has no invite.' }
    case 'connecting':
      return { tone: 'info', title: 'Connecting', text: 'Finding a way to the node.' }
    case 'online':
      if (state.node_ending === true)
        return { tone: 'warn', title: 'The node is ending', text: endingText(running) }
      if (state.paused) return { tone: 'warn', title: 'Paused', text: pausedText(running) }
      return running > 0
        ? {
            tone: 'ok',
            title: `Running ${tools(running)}`,
            text: 'Keep this tab open; it may be in the background.',
          }
        : { tone: 'ok', title: 'Ready for work', text: 'Joined. Tools start here as soon as there is work.' }
    case 'reconnecting':
      return {
        tone: 'warn',
        title: 'Reconnecting',
        text:
          state.node_ending === true
            ? 'The node was ended. This tab comes back by itself when the node does.'
            : running > 0
              ? 'The connection was lost. What runs here goes on, and its results are delivered later.'
              : 'The node cannot be reached at the moment. This tab comes back by itself.',
      }
    case 'draining':
      return {
        tone: 'info',
        title: 'Leaving',
        text: running > 0 ? `Finishing ${tools(running)} first.` : 'Delivering the last results.',
      }
    case 'left':
      return {
        tone: 'muted',
        title: 'Left the mesh',
        text: 'No tools run here. You can close this tab or join again.',
      }
    case 'failed':
      return { tone: 'bad', title: 'Not in the mesh', text: '' }
  }
}

/** The page's title: how it is, where a person sees it without opening the tab. */
export function pageTitle(state: TabState): string {
  const running = state.running.length
  const short: Record<TabState['phase'], string> = {
    idle: 'Not joined',
    connecting: 'Connecting',
    online: running > 0 ? `${running} running` : state.paused ? 'Paused' : 'Ready',
    reconnecting: 'Reconnecting',
    draining: 'Leaving',
    left: 'Left',
    failed: 'Not in the mesh',
  }
  return `${short[state.phase]} · toolmesh`
}

function endingText(running: number): string {
  return running > 0
    ? `It gives no new work; ${tools(running)} still finishing. This tab joins again when it is back.`
    : 'It gives no new work. This tab joins again when it is back.'
}

function pausedText(running: number): string {
  return running > 0
    ? `No new work; ${tools(running)} still finishing.`
    : 'No new work comes here until you resume.'
}

function tools(count: number): string {
  return count === 1 ? '1 tool' : `${count} tools`
}
