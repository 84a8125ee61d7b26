/**
 * What a WebRTC connection is made with: the STUN of relays that are known when it is made, and of nobody else; public
 * servers are asked only where a setting names them.
 */
export function rtcConfiguration(
  stunServers: () => readonly string[],
): () => { iceServers: { urls: string[] }[] } {
  return () => {
    const urls = [...stunServers()]
    return { iceServers: urls.length === 0 ? [] : [{ urls }] }
  }
}
