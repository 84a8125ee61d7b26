import { parseManifest } from '../shared/tools/manifest.ts'
import type { ToolDescriptor } from '../shared/tools/tool.ts'

/** The build's manifest, bundled with the page. A glob, as the file is made by the build and is not in the source. */
const manifests = import.meta.glob('../../dist/tools.json', { eager: true, import: 'default' })

/** The tools of this build that run in a browser. */
export function tabTools(): ToolDescriptor[] {
  return parseManifest(Object.values(manifests)[0]).filter(tool => tool.platforms.includes('browser'))
}
