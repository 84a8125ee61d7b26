/** What a tool may use of the mesh's own artifacts: content identifiers and the canonical form they are made over. */
export { canonicalBytes } from '../artifacts/canonical.ts'
export { cidOfBytes } from '../artifacts/cid.ts'
