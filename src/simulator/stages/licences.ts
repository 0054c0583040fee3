import type { Draw } from '../draw.js'
import type { Tree } from '../json.js'
import { asyncReference, invalidOutput, type StageContent, type Variants } from './model.js'

/** DL, EPIC and FSSAI. Source: attestr.md sections 3.9, 3.10 and 3.16 */

export const dl: Variants = {
  pending: { share: 3, make: (draw) => ({ input: dlInput(draw), output: asyncReference(draw) }) },
  done: { share: 2, make: dlDone },
  invalid: {
    share: 1,
    make: (draw) => ({ input: dlInput(draw), output: invalidOutput('No record found') }),
  },
}

export const epic: Variants = {
  done: { share: 3, make: epicDone },
  nulls: { share: 2, make: epicNulls },
  invalid: {
    share: 1,
    make: (draw) => ({ input: { epic: epicNumber(draw) }, output: invalidOutput('Not on the roll') }),
  },
}

export const fssai: Variants = {
  done: { share: 3, make: fssaiDone },
  // The page says omitted or null: here they are null, and `valid` is a text as in one version of the page.
  invalid: { share: 1, make: fssaiInvalid },
}

function dlInput(draw: Draw): Tree {
  return { dl: `GJ01${draw.digits(11)}`, dob: draw.date(1960, 2000) }
}

function dlDone(draw: Draw): StageContent {
  const vehicle = (name: string): Tree => ({ class: name, category: 'NT', issued: draw.date(2005, 2015) })
  return {
    input: dlInput(draw),
    output: {
      valid: true,
      active: draw.chance(0.9),
      owner: draw.name(),
      issued: draw.date(2005, 2015),
      ntpIssued: draw.date(2005, 2015),
      ntpExpiry: draw.date(2025, 2035),
      tpIssued: null,
      tpExpiry: null,
      rto: 'GJ-01, AHMEDABAD',
      type: 'Non-Transport',
      categories: draw.chance(0.5) ? [vehicle('LMV'), vehicle('MCWG')] : [vehicle('LMV')],
      message: null,
    },
  }
}

function epicNumber(draw: Draw): string {
  return `${draw.upper(3)}${draw.digits(7)}`
}

function epicDone(draw: Draw): StageContent {
  const address = draw.address()
  return {
    input: { epic: epicNumber(draw) },
    output: {
      valid: true,
      message: null,
      name: draw.name(),
      gender: draw.pick(['M', 'F']),
      relationName: draw.name(),
      relationType: draw.pick(['FATHER', 'HUSBAND']),
      dob: draw.orNull(0.4, draw.date(1950, 2000)),
      age: String(draw.int(18, 90)),
      houseNumber: address['houseNumber'] ?? null,
      area: address['location'] ?? null,
      district: address['district'] ?? null,
      state: address['state'] ?? null,
      assemblyConstituency: address['vtc'] ?? null,
      assemblyConstituencyNumber: String(draw.int(1, 300)),
      parliamentaryConstituency: address['district'] ?? null,
      pollingStation: `Govt. School, Room ${draw.int(1, 9)}`,
      partNumber: String(draw.int(1, 400)),
    },
  }
}

function epicNulls(draw: Draw): StageContent {
  const full = epicDone(draw)
  const names = Object.keys(full.output as object).filter((name) => name !== 'valid')
  return {
    input: full.input,
    output: { valid: true, ...Object.fromEntries(names.map((name) => [name, null])) },
  }
}

const FSSAI_NAMES = ['name', 'status', 'type', 'category', 'address', 'expiry', 'products'] as const

function fssaiDone(draw: Draw): StageContent {
  return {
    input: { reg: draw.digits(14), fetchProducts: true },
    output: {
      valid: true,
      message: null,
      name: `${draw.lastName()} Foods`,
      status: 'Active',
      type: draw.pick(['State Licence', 'Registration']),
      category: 'Restaurants',
      address: draw.addressLine(),
      expiry: draw.isoDate(2025, 2029),
      products: [
        { name: 'Bakery products', category: '07' },
        { name: 'Dairy products & analogues', category: '01' },
      ],
    },
  }
}

function fssaiInvalid(draw: Draw): StageContent {
  const rest = Object.fromEntries(FSSAI_NAMES.map((name) => [name, null]))
  return {
    input: { reg: draw.digits(14), fetchProducts: false },
    output: { valid: 'false', message: 'No such licence', ...rest },
  }
}
