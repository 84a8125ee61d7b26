const NAMES: Record<string, string> = {
  tcp: 'TCP',
  websocket: 'WebSocket',
  'webrtc-direct': 'WebRTC-Direct',
  webrtc: 'WebRTC',
  webtransport: 'WebTransport',
  relay: 'Relay',
}

/** The name of a session's transport as its specification writes it. */
export function pathName(path: string): string {
  return NAMES[path] ?? path
}
