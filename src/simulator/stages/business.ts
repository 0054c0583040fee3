import type { Draw } from '../draw.js'
import { exactNumber, type Tree } from '../json.js'
import { invalidOutput, type StageContent, type Variants } from './model.js'

/** GSTIN, MASTER_BUSINESS and MASTER_DIRECTOR. Source: attestr.md sections 3.8 and 3.14 */

export const gstin: Variants = {
  done: { share: 3, make: gstinDone },
  invalid: {
    share: 1,
    make: (draw) => ({
      input: { gstin: `36${draw.pan('C')}1Z${draw.upper(1)}`, fetchFilings: false, fy: null },
      output: invalidOutput('GSTIN not found'),
    }),
  },
}

export const businessMaster: Variants = {
  done: { share: 3, make: businessDone },
  nulls: { share: 1, make: businessNulls },
}

export const directorMaster: Variants = {
  done: { share: 3, make: directorDone },
  invalid: {
    share: 1,
    make: (draw) => ({ input: { reg: draw.digits(8) }, output: invalidOutput('DIN not found') }),
  },
}

function gstinDone(draw: Draw): StageContent {
  const panText = draw.pan('P')
  const filing = (period: string): Tree => ({
    filingDate: draw.date(2018, 2020),
    period,
    arn: `AA36${draw.digits(11)}`,
    status: 'Filed',
  })
  return {
    input: { gstin: `36${panText}1Z${draw.upper(1)}`, fetchFilings: true, fy: '2017-18' },
    output: {
      valid: true,
      active: true,
      einvoiceEnabled: draw.chance(0.5),
      legalName: draw.name().toUpperCase(),
      tradeName: `${draw.lastName()} TRADERS`,
      pan: panText,
      constitution: 'Proprietorship',
      type: 'Regular',
      // One text or a list of them.
      nature: draw.chance(0.5) ? 'Retail Business' : ['Retail Business', 'Warehouse / Depot'],
      state: 'Telangana',
      stateCode: '36',
      center: 'KHAIRATABAD',
      centerCode: 'YK0103',
      registered: draw.date(2017, 2019),
      updated: draw.date(2019, 2021),
      expiry: null,
      message: null,
      primaryAddress: gstAddress(draw),
      additionalAddresses: draw.chance(0.5) ? [] : [gstAddress(draw), gstAddress(draw)],
      filings: [filing('042017'), filing('052017'), filing('062017')],
    },
  }
}

function gstAddress(draw: Draw): Tree {
  const address = draw.address()
  return {
    type: 'Principal',
    building: address['houseNumber'] ?? null,
    buildingName: null,
    floor: String(draw.int(0, 20)),
    street: address['street'] ?? null,
    locality: address['location'] ?? null,
    district: address['district'] ?? null,
    state: address['state'] ?? null,
    zip: address['zip'] ?? null,
    latitude: `17.${draw.digits(6)}`,
    longitude: `78.${draw.digits(6)}`,
    nature: 'Retail Business',
  }
}

const BUSINESS_NAMES = (
  'cin llpin fllpin fcrn reg active businessName rocCode registrationNumber category subCategory class ' +
  'authorizedCapital paidCapital subscribedCapital shareCapital incorporatedDate registeredAddress email listed ' +
  'lastAGMDate lastBSDate partners designatedPartners previousName obligation industryDivision industrySection ' +
  'incorporatedCountry officeType companyType type status inc22AFiled soatDate regionalDirector region ' +
  'suspendedAtStockExchange insolvencyStatus directorsAndSignatories charges efilings indexId updated message'
).split(' ')

function businessNulls(draw: Draw): StageContent {
  const rest = Object.fromEntries(BUSINESS_NAMES.map((name) => [name, null]))
  return { input: { reg: cin(draw) }, output: { valid: true, ...rest, status: 'Active' } }
}

function businessDone(draw: Draw): StageContent {
  const reg = cin(draw)
  const filled: { [name: string]: Tree } = {
    cin: reg,
    reg,
    active: true,
    businessName: `${draw.lastName()} & CO. PRIVATE LIMITED`,
    rocCode: 'RoC-Hyderabad',
    registrationNumber: draw.digits(6),
    category: 'Company limited by Shares',
    subCategory: 'Non-govt company',
    class: 'Private',
    authorizedCapital: exactNumber('12345678901234567890'),
    paidCapital: exactNumber(`${draw.int(1, 99)}00000.00`),
    subscribedCapital: exactNumber('1e5'),
    shareCapital: 100000,
    incorporatedDate: draw.date(1990, 2015),
    registeredAddress: draw.addressLine(),
    email: draw.email(),
    listed: false,
    lastAGMDate: draw.date(2019, 2020),
    lastBSDate: draw.date(2019, 2020),
    incorporatedCountry: 'India',
    companyType: 'Company',
    status: 'Active',
    inc22AFiled: draw.chance(0.5),
    directorsAndSignatories: [signatory(draw), signatory(draw)],
    charges: draw.chance(0.5) ? [] : [{ id: draw.digits(8), amount: exactNumber('5000000.0'), closed: null }],
    efilings: [{ form: 'AOC-4', date: draw.date(2018, 2020), documents: [] }],
    indexId: draw.hex(24),
    updated: draw.time(),
  }
  const rest = Object.fromEntries(BUSINESS_NAMES.map((name) => [name, filled[name] ?? null]))
  return { input: { reg }, output: { valid: true, ...rest } }
}

function signatory(draw: Draw): Tree {
  return {
    din: draw.digits(8),
    name: draw.name(),
    designation: 'Director',
    appointed: draw.date(2000, 2019),
    ceased: null,
  }
}

function cin(draw: Draw): string {
  return `U72200TG${draw.int(1990, 2020)}PTC${draw.digits(6)}`
}

function directorDone(draw: Draw): StageContent {
  const firstName = draw.firstName()
  const lastName = draw.lastName()
  const association = (): Tree => ({
    cin: cin(draw),
    businessName: `${draw.lastName()} LIMITED`,
    designation: 'Director',
    started: draw.date(2000, 2019),
    ended: draw.orNull(0.5, draw.date(2019, 2020)),
  })
  return {
    input: { reg: draw.digits(8) },
    output: {
      valid: true,
      din: draw.digits(8),
      status: 'Approved',
      firstName,
      middleName: null,
      lastName,
      fullName: `${firstName} ${lastName}`,
      dinAllocationDate: draw.date(2000, 2015),
      disqualified: false,
      disqualificationReason: null,
      disqualificationStart: null,
      disqualificationEnd: null,
      dinSurrendered: false,
      dinSurrenderDate: null,
      dir3KYCFiled: draw.chance(0.8),
      dir3KYCFiledFY: '2019-20',
      associations: [association(), association()],
      signatoryAssociations: [],
      pastAssociations: [association()],
      indexId: draw.hex(24),
      updated: draw.time(),
      message: null,
    },
  }
}
