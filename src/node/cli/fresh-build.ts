import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Logger } from '../../shared/logger.ts'
import type { ToolDescriptor } from '../../shared/tools/tool.ts'
import { ensureManifest, manifestInputs } from '../build/manifest.ts'
import { isStale } from '../build/stale.ts'
import { webStep } from '../build/web.ts'
import type { Config } from '../config.ts'
import { packageRoot, runsFromSource } from '../package-root.ts'
import { BuildFailedError } from './errors.ts'

/**
 * The list of tools, after what is stale in a checkout (the list, the pages) was built. The build has a process of
 * its own: what it loads, half a gigabyte, goes with it.
 */
export async function freshBuild(config: Config, logger: Logger): Promise<ToolDescriptor[]> {
  const root = packageRoot()
  const out = join(root, 'dist', 'tools.json')
  const steps = [
    { inputs: manifestInputs(root), output: out },
    ...(config.http.enabled ? [webStep(root)] : []),
  ]
  const stale = runsFromSource && (await Promise.all(steps.map(isStale))).includes(true)
  if (stale) await build(root)
  return ensureManifest({ root, out, logger })
}

async function build(root: string): Promise<void> {
  process.stderr.write('building the tools and pages, as their sources changed\n')
  const script = join(root, 'src', 'node', 'build', 'web.ts')
  const child = spawn(process.execPath, [script], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  const [status] = await once(child, 'exit')
  if (status !== 0) throw new BuildFailedError()
}
