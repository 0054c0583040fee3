// Runs the long proofs outside of the test runner: see main.ts. TypeScript is loaded by vitest's own loader.
import { fileURLToPath } from 'node:url'
import { createViteServer } from 'vitest/node'

// The handlers of 'exit' end the instances and the stack.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))

const server = await createViteServer({
  configFile: false,
  root: fileURLToPath(new URL('../../', import.meta.url)),
  server: { middlewareMode: true, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true, include: [] },
  appType: 'custom',
  logLevel: 'error',
})
const { runChaos } = await server.ssrLoadModule('/test/chaos/main.ts')
const exitCode = await runChaos(process.argv.slice(2), (text) => process.stdout.write(text))
await server.close()
process.exit(exitCode)
