import type { Draw } from '../draw.js'
import type { Tree } from '../json.js'
import { asyncReference, type Variants } from './model.js'

/** AML and court checks: mostly answered later. Source: attestr.md section 3.15 */

export const amlPerson: Variants = {
  done: { share: 2, make: (draw) => ({ input: amlInput(draw), output: amlOutput(draw) }) },
  pending: { share: 1, make: (draw) => ({ input: amlInput(draw), output: asyncReference(draw) }) },
}

export const amlBusiness: Variants = {
  done: { share: 2, make: (draw) => ({ input: businessInput(draw), output: amlOutput(draw) }) },
  pending: { share: 1, make: (draw) => ({ input: businessInput(draw), output: asyncReference(draw) }) },
}

export const ecourtPerson: Variants = {
  pending: { share: 3, make: (draw) => ({ input: courtPerson(draw), output: { items: references(draw) } }) },
  done: { share: 1, make: (draw) => ({ input: courtPerson(draw), output: courtOutput(draw) }) },
}

export const ecourtBusiness: Variants = {
  pending: {
    share: 3,
    make: (draw) => ({ input: courtBusiness(draw), output: { items: references(draw) } }),
  },
  done: { share: 1, make: (draw) => ({ input: courtBusiness(draw), output: courtOutput(draw) }) },
}

function amlInput(draw: Draw): Tree {
  return {
    firstName: draw.firstName(),
    middleName: draw.orNull(0.7, draw.firstName()),
    lastName: draw.lastName(),
    dob: draw.date(1950, 2000),
  }
}

function businessInput(draw: Draw): Tree {
  return { businessName: `${draw.lastName()} EXPORTS LLP` }
}

function amlOutput(draw: Draw): Tree {
  const hits = draw.chance(0.8) ? 0 : draw.int(1, 3)
  return {
    valid: true,
    message: null,
    hits,
    matches: Array.from({ length: hits }, () => ({
      name: draw.name(),
      score: draw.int(50, 100),
      lists: ['UNSC', 'OFAC'],
      countries: ['IN'],
      aliases: [],
    })),
  }
}

function courtPerson(draw: Draw): Tree {
  return {
    name: draw.name(),
    fatherName: draw.name(),
    birthDate: draw.date(1950, 2000),
    address: draw.addressLine(),
    additionalAddress: draw.orNull(0.6, draw.addressLine()),
    extended: draw.chance(0.5),
    // Either the boolean false or a text.
    priority: draw.pick([false, 'HIGH']),
  }
}

function courtBusiness(draw: Draw): Tree {
  return {
    businessName: `${draw.lastName()} INFRA PVT LTD`,
    reg: draw.orNull(0.4, draw.digits(8)),
    address: draw.addressLine(),
    extended: false,
    priority: false,
  }
}

function references(draw: Draw): Tree[] {
  return Array.from({ length: draw.int(1, 3) }, () => asyncReference(draw))
}

function courtOutput(draw: Draw): Tree {
  const casesCount = draw.int(0, 2)
  return {
    valid: true,
    message: null,
    casesCount,
    finalRiskLevel: casesCount === 0 ? 'LOW' : 'MEDIUM',
    finalRiskSummary: casesCount === 0 ? null : 'Civil cases found',
    records: Array.from({ length: casesCount }, () => ({
      caseNumber: `OS/${draw.digits(4)}/${draw.int(2005, 2020)}`,
      court: 'City Civil Court',
      parties: [
        { name: draw.name(), role: 'Petitioner' },
        { name: draw.name(), role: 'Respondent' },
      ],
      status: 'Disposed',
    })),
  }
}
