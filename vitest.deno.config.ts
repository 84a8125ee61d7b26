import { defineConfig, mergeConfig } from 'vitest/config'
import config from './vitest.config.ts'

/** For vitest that Deno itself runs. */
export default mergeConfig(
  config,
  defineConfig({
    test: {
      exclude: [
        // What starts commands as processes of their own: run by Node, with `TEST_RUNTIME=deno`.
        'src/node/cli/**',
        'src/node/workflow-moves.test.ts',
        // QUIC of Node; Deno's own has deno/deno-quic.test.ts.
        'src/node/transports/webtransport/quiche/**',
        'src/node/transports/webtransport/{web-transport,quic-driver}.test.ts',
        // Two ends of WebRTC in one process of Deno miss each other at times; in two processes they do not.
        'src/shared/mesh/host.test.ts',
        'src/shared/mesh/reach/keep-paths.test.ts',
        'web/**',
      ],
    },
  }),
)
