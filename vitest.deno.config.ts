import { defineConfig, mergeConfig } from 'vitest/config'
import config from './vitest.config.ts'

/** For vitest that Deno itself runs. What starts commands as processes of their own is run by Node, with `TEST_RUNTIME=deno`. */
export default mergeConfig(
  config,
  defineConfig({ test: { exclude: ['src/node/cli/**', 'src/node/workflow-moves.test.ts', 'web/**'] } }),
)
