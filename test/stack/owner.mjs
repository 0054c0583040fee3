// A process that owns a stack, for tests that end it in rude ways. Arguments: the file with startStack, the folder of runs.
import { runnerImport } from 'vite'

const [file, dir] = process.argv.slice(2)
const { module } = await runnerImport(file, { configFile: false, logLevel: 'silent' })
const stack = await module.startStack({ env: process.env, dir })
console.log(JSON.stringify({ pids: [stack.broker.pid, stack.registry.pid] }))
setInterval(() => {}, 60_000)
