/** All proofs, in the order in which they are run. */
import type { Proof } from '../proof.js'
import { foreign, poison } from './alone.js'
import { api } from './api.js'
import { aborted, offsets, seeds } from './commands.js'
import { edges } from './edges.js'
import { rate, recovery } from './figures.js'
import { kills, repeats } from './kills.js'
import { links } from './links.js'
import { shares, slow } from './shares.js'
import { soak } from './soak.js'
import { freezes, stops } from './stops.js'
import { brokerRestarts, joins } from './storms.js'
import { paused, systemic } from './systemic.js'

export const PROOFS: readonly Proof[] = [
  ...[kills, repeats, stops, freezes, joins, brokerRestarts, links],
  ...[api, systemic, edges, paused, poison, foreign],
  ...[slow, shares, recovery, rate],
  ...[offsets, aborted, seeds, soak],
]
