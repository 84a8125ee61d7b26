import { NotFoundError } from '@libp2p/interface'
import { type Keychain, type KeychainComponents, keychain } from '@libp2p/keychain'

/**
 * libp2p's keychain answers "no such key" only after a random 200 to 1,000 ms, meant to hide which names exist from who
 * guesses. The only one to ask here is the WebRTC-Direct transport, at the first start of a data directory, and that
 * start waited for it (@libp2p/keychain 6.1.7, `randomDelay`).
 */
export function promptKeychain(): (components: KeychainComponents) => Keychain {
  const create = keychain()
  return components => {
    const keys = create(components)
    const exportKey = keys.exportKey.bind(keys)
    keys.exportKey = async name => {
      const known = await keys.listKeys()
      if (!known.some(key => key.name === name)) throw new NotFoundError(`no key ${name}`)
      return exportKey(name)
    }
    return keys
  }
}
