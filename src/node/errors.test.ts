import { describe, expect, it } from 'vitest'
import { MeshStartError } from './errors.ts'

describe('a mesh that cannot start', () => {
  it('says what helps: another address or moving its files away, never that for a disk that is full', () => {
    const told = (why: string) => new MeshStartError('/data/libp2p', new Error(why)).message
    expect(told('listen EADDRINUSE 127.0.0.1:4001')).toMatch(/p2p\.listen.*can be moved away/)
    expect(told('listen EACCES: permission denied 0.0.0.0:80')).toMatch(/p2p\.listen/)
    expect(told('Error: ENOSPC: no space left on device, write')).toMatch(/needs room on the disk/)
    expect(told('EROFS: read-only file system, open')).toMatch(/must be able to write/)
    expect(told('ENOSPC: no space left on device')).not.toMatch(/moved away/)
  })
})
