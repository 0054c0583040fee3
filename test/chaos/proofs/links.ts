/** Proof 4, the network: links to broker, API and registry that are cut, refused, slow, half open, or dead in secret. */
import type { SpoiledLink as Link } from '../../support/proxy.js'
import { untilWorking } from '../crew.js'
import { type LinkName, type Links, openLinks } from '../links.js'
import { type Plant, withPlanted } from '../planted.js'
import { type Ground, type Proof, pause, type Report } from '../proof.js'
import { runTrial, type Trial } from '../trial.js'
import { exactReport, memberAt } from './kills.js'
import { untilProgress } from './storms.js'

interface Damage {
  readonly name: string
  /** How long it stays, at least and at most. */
  readonly ms: readonly [number, number]
  put(link: Link, ground: Ground): void | Promise<void>
}

const DAMAGES: readonly Damage[] = [
  { name: 'cut', ms: [0, 100], put: (link) => link.cut() },
  { name: 'half open', ms: [1000, 8000], put: (link) => link.halfOpen() },
  { name: 'refused', ms: [500, 4000], put: (link) => link.refuse() },
  { name: 'silent', ms: [1000, 8000], put: (link) => link.halfOpen('down') },
  { name: 'slow', ms: [2000, 6000], put: (link, ground) => link.delay({ down: ground.between(100, 600) }) },
  { name: 'stranded', ms: [0, 100], put: (link) => link.strand() },
  { name: 'deaf', ms: [1000, 8000], put: (link) => link.halfOpen('up') },
]

const NAMES: readonly LinkName[] = ['broker', 'api', 'broker', 'registry']

interface Hurt {
  readonly what: string
  readonly recoveredMs: number
}

/** One damage after another, each on one link; then work must go on. The registry matters to those who start. */
async function hurt(trial: Trial, links: Links, ground: Ground, damages: number): Promise<Hurt[]> {
  const { crew } = trial
  const seen: Hurt[] = []
  for (let n = 0; n < damages; n += 1) {
    trial.allow((n + 0.7) / damages)
    const name = NAMES[n % NAMES.length] ?? 'broker'
    const damage = DAMAGES[Math.floor(n / 2) % DAMAGES.length]
    if (damage === undefined) continue
    await pause(ground.between(100, 1000))
    await damage.put(links[name], ground)
    if (name === 'registry') {
      memberAt(crew, 1).kill('SIGKILL')
      await memberAt(crew, 1).ended
      crew.replace(1)
    }
    await pause(ground.between(...damage.ms))
    await links[name].heal()
    const recoveredMs = await untilProgress(trial, (n + 1) / damages)
    seen.push({ what: `${name} ${damage.name}`, recoveredMs })
    ground.say(`${name} ${damage.name}: went on after ${(recoveredMs / 1000).toFixed(1)} s`)
  }
  for (const member of crew.members) await untilWorking(member)
  return seen
}

const SETTINGS = {
  fetch: { concurrency: 16, timeoutMs: 1500, deadlineMs: 6000 },
  systemic: { probeMs: 500, maxProbeMs: 1000 },
}

async function linksRun(ground: Ground, bin?: string): Promise<Report> {
  const damages = ground.size(56, 5)
  const events = ground.size(40_000, 2500)
  const links = await openLinks()
  let seen: readonly Hurt[] = []
  try {
    return await runTrial(
      {
        ...{ events, instances: 2, settings: SETTINGS, retryMs: [1000, 2000, 4000] },
        ...(bin === undefined ? {} : { bin }),
        site: links.site,
      },
      async (trial) => {
        links.api.aim({ host: '127.0.0.1', port: trial.site.simulator.port })
        for (const member of trial.crew.members) await untilWorking(member)
        seen = await hurt(trial, links, ground, damages)
      },
      (end) => {
        const { figures, wrong } = exactReport(end, { callsLost: true })
        const slowest = seen.reduce((worst, one) => (one.recoveredMs > worst.recoveredMs ? one : worst))
        return {
          did: [`${seen.length} damages to links`, `${end.inputs.length} events`, '2 instances'],
          figures: [
            ...figures,
            `slowest return ${(slowest.recoveredMs / 1000).toFixed(1)} s (${slowest.what})`,
          ],
          wrong,
        }
      },
    )
  } finally {
    await links.close()
  }
}

/** A commit that failed passes for one that was done. */
const IGNORES_ERRORS: Plant = {
  ...{ file: 'io/kafka/committer.js', find: 'withDeadline(limitMs, () => producer.write(batch, signal))' },
  put: 'withDeadline(limitMs, () => producer.write(batch, signal)).catch(() => undefined)',
}

export const links: Proof = {
  name: 'links',
  claim:
    'links that are cut, refused, slow, half open or dead in secret lose and double nothing, and work goes on',
  run: (ground) => linksRun(ground),
  plants: [IGNORES_ERRORS],
  controls: {
    'a commit whose error is ignored': (ground) =>
      withPlanted(IGNORES_ERRORS, (bin) => linksRun(ground, bin)),
  },
}
