import type { Draw } from '../draw.js'
import type { Tree } from '../json.js'
import { asyncReference, type StageContent, type Variants } from './model.js'

/** EMPLOYMENT and EDUCATION: arrays in arrays, answers later. Source: attestr.md section 3.13 */

export const employment: Variants = {
  pending: { share: 4, make: (draw) => ({ input: jobs(draw), output: asyncReference(draw) }) },
  'pending-items': {
    share: 1,
    make: (draw) => ({ input: jobs(draw), output: { items: [asyncReference(draw), asyncReference(draw)] } }),
  },
  'no-jobs': { share: 1, make: () => ({ input: { items: [] }, output: {} }) },
}

export const education: Variants = {
  pending: { share: 3, make: (draw) => degree(draw, draw.chance(0.7), false) },
  // The form sends months and years as texts, the API as numbers.
  'text-numbers': { share: 1, make: (draw) => degree(draw, true, true) },
  'not-ended': { share: 1, make: (draw) => degree(draw, false, false) },
}

function jobs(draw: Draw): Tree {
  const count = draw.int(1, 3)
  return { items: Array.from({ length: count }, (_, index) => job(draw, index === 0)) }
}

function job(draw: Draw, current: boolean): Tree {
  return {
    employer: `${draw.lastName()} & Sons Pvt. Ltd.`,
    reg: draw.orNull(0.3, `EMP/${draw.digits(5)}`),
    position: draw.pick(['Clerk', 'Engineer', 'Branch Manager', 'Driver']),
    startDate: draw.date(2012, 2017),
    ended: !current,
    endDate: current ? null : draw.date(2018, 2020),
    documents: Array.from({ length: draw.int(0, 3) }, () => draw.id('MX1')),
    references: Array.from({ length: draw.int(0, 2) }, () => ({
      name: draw.name(),
      position: draw.orNull(0.3, 'Manager'),
      email: draw.email(),
      contact: draw.mobile(),
    })),
  }
}

function degree(draw: Draw, ended: boolean, asText: boolean): StageContent {
  const numeric = (value: number): Tree => (asText ? String(value) : value)
  const level = draw.pick(['SSC', 'HSC', 'GRADUATE', 'POST_GRADUATE', 'DOCTORATE', 'OTHER', 'HIGHEST'])
  return {
    input: {
      level,
      course: draw.orNull(0.4, 'BTECH'),
      courseName: 'B.Tech. (Computer Science & Engg.)',
      reg: draw.digits(10),
      startMonth: numeric(draw.int(1, 12)),
      startYear: numeric(draw.int(2005, 2012)),
      ended,
      endedMonth: ended ? numeric(draw.int(1, 12)) : null,
      endedYear: ended ? numeric(draw.int(2013, 2018)) : null,
      documents: [draw.id('MX1'), draw.id('MX1')],
    },
    output: asyncReference(draw),
  }
}
