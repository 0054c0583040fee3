// Runs simulated worlds outside of the test runner, any number of them: see seeds.ts. TypeScript is loaded by vitest's own loader.
import { fileURLToPath } from 'node:url'
import { createViteServer } from 'vitest/node'

const server = await createViteServer({
  configFile: false,
  root: fileURLToPath(new URL('../../', import.meta.url)),
  server: { middlewareMode: true, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true, include: [] },
  appType: 'custom',
  logLevel: 'error',
})
const { simulateSeeds } = await server.ssrLoadModule('/test/simulation/seeds.ts')
const exitCode = await simulateSeeds(process.argv.slice(2), (text) => process.stdout.write(text))
await server.close()
process.exitCode = exitCode
