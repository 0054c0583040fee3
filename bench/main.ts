/** npm run bench: runs what the options ask for and writes the results. */
import { readOptions, USAGE } from './options.js'
import { StackUnavailable } from './product.js'
import { runAll } from './session.js'

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

// The handlers of 'exit' end the children and the stack.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

try {
  const options = readOptions(process.argv.slice(2))
  if (options === null) process.stdout.write(USAGE)
  else await runAll(options, say)
  process.exit(0)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  if (error instanceof StackUnavailable) say(error.remedy)
  process.exit(1)
}
