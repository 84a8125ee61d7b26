import type { ToolDescriptor } from '../../tools/tool.ts'
import type { ToolCatalogue } from '../catalogue-tool.ts'
import type { ToolsView, ToolView } from '../views.ts'
import type { MeshResource } from './mesh-resource.ts'

export function toolsResource(catalogue: ToolCatalogue): MeshResource {
  return {
    uri: 'mesh://tools',
    name: 'tools',
    title: 'Tools',
    description:
      'The tools that run on the mesh: what each does, where it can run, and the build of its code.',
    need: ['read', 'submit'],
    read: (): ToolsView => ({ tools: catalogue.list().map(toolView) }),
    // The catalogue is that of the build; it does not change while the node runs.
    onChange: () => () => {},
  }
}

function toolView(tool: ToolDescriptor): ToolView {
  const { name, category, title, description, platforms, effects, interface_cid, code_cid } = tool
  return {
    name,
    category,
    title,
    description,
    platforms: [...platforms],
    repeat: effects.repeat,
    reach: [...effects.reach],
    interface_cid,
    code_cid,
  }
}
