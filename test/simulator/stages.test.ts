import { describe, expect, it } from 'vitest'
import { withCheckDigit } from '../../src/simulator/draw.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { createResultSource } from '../../src/simulator/results.js'
import { STAGE_VARIANTS } from '../../src/simulator/stages/index.js'
import { STAGE_TYPES } from '../../src/simulator/stages/model.js'

interface Stage {
  readonly input: Record<string, unknown>
  readonly output: Record<string, unknown>
}

/** Forty results of one stage choice. */
function stagesOf(choice: string): Stage[] {
  const source = createResultSource({ seed: 3, clientSecret: 's', stages: [choice] })
  return Array.from({ length: 40 }, (_, n) => {
    const body = JSON.parse(source.resultFor(handshakeIdFor(3, n)).body.toString())
    return Object.values(body.result)[0] as Stage
  })
}

const ADDRESS = 'houseNumber street landmark location vtc postOffice subdistrict district state country zip'
const BUSINESS =
  'valid cin llpin fllpin fcrn reg active businessName rocCode registrationNumber category subCategory class authorizedCapital paidCapital subscribedCapital shareCapital incorporatedDate registeredAddress email listed lastAGMDate lastBSDate partners designatedPartners previousName obligation industryDivision industrySection incorporatedCountry officeType companyType type status inc22AFiled soatDate regionalDirector region suspendedAtStockExchange insolvencyStatus directorsAndSignatories charges efilings indexId updated message'
const DIRECTOR =
  'valid din status firstName middleName lastName fullName dinAllocationDate disqualified dir3KYCFiled dir3KYCFiledFY associations signatoryAssociations pastAssociations indexId updated message'
const GSTIN =
  'valid active einvoiceEnabled legalName tradeName pan constitution type state stateCode center centerCode message nature registered updated expiry primaryAddress'
const EPIC =
  'valid name message gender relationName relationType dob age houseNumber area district state assemblyConstituency assemblyConstituencyNumber pollingStation partNumber parliamentaryConstituency'

/** Source: attestr.md sections 3.3 to 3.16 */
const FIELDS: readonly (readonly [string, string, string])[] = [
  [
    'UIDAI:otp',
    'uuid secret otp code email mobile',
    `name birthDate gender careOf ${ADDRESS} hashedMobile hashedEmail pht signature digest`,
  ],
  ['UIDAI:xml', 'uuid media code validateMobile validateEmail', `name ${ADDRESS} pht signature digest`],
  ['EAADHAAR', '', `name birthDate gender photo ${ADDRESS}`],
  ['DIGILOCKER_DOC', 'issuer document params', 'valid'],
  ['EPAN', 'pan downloadPdf', 'valid'],
  [
    'PAN:done',
    'pan extended',
    'valid message name displayName category aadhaarLinked panStatus panStatusCode nameMatches birthOrIncorporatedDateMatches gender birthOrIncorporatedDate address',
  ],
  ['BANK_ACC:ifsc-details', 'acc ifsc', 'valid name status message suggestion ifsc'],
  ['VPA:done', 'vpa', 'valid name message'],
  ['GSTIN:done', 'gstin fetchFilings fy', GSTIN],
  ['EPIC:done', 'epic', EPIC],
  [
    'DL:done',
    'dl dob',
    'valid active owner issued ntpIssued ntpExpiry tpIssued tpExpiry rto type message categories',
  ],
  ['DL:pending', 'dl dob', '_id number'],
  ['FACE_MATCH', 'src targetFront targetBack type threshold', 'valid message'],
  ['IPV', 'videoMedia photoMedia otp startTs endTs lat lng', 'valid'],
  [
    'DIGITAL_ADDRESS',
    'address stayingSinceMonth stayingSinceYear docType frontDoc backDoc extOne extTwo origLatitude origLongitude latitude longitude',
    '_id number',
  ],
  [
    'EDUCATION',
    'level course courseName reg startMonth startYear ended endedMonth endedYear documents',
    '_id number',
  ],
  ['EMPLOYMENT:pending', 'items', '_id number'],
  ['MASTER_BUSINESS', 'reg', BUSINESS],
  ['MASTER_DIRECTOR:done', 'reg', DIRECTOR],
  ['AML_PERSON', 'firstName middleName lastName dob', ''],
  ['AML_BUSINESS', 'businessName', ''],
  ['ECOURT_PERSON:pending', 'name fatherName birthDate address additionalAddress extended priority', 'items'],
  ['ECOURT_PERSON:done', 'name fatherName', 'valid casesCount finalRiskLevel finalRiskSummary records'],
  ['ECOURT_BUSINESS:pending', 'businessName reg address extended priority', 'items'],
  ['MOBILE_OTP', 'mobile req otp', ''],
  ['EMAIL_OTP', 'email req otp', ''],
  ['FSSAI:done', 'reg fetchProducts', 'valid message name status type category address products'],
]

describe('every stage type', () => {
  it('is there with the fields that are known of it', () => {
    expect(new Set(FIELDS.map(([choice]) => choice.split(':')[0]))).toEqual(new Set(STAGE_TYPES))
    expect(STAGE_TYPES).toHaveLength(24)
  })

  it.each(FIELDS)('%s has its input and output fields', (choice, input, output) => {
    const names = (text: string): string[] => text.split(' ').filter((name) => name !== '')
    for (const stage of stagesOf(choice)) {
      expect(Object.keys(stage.input)).toEqual(expect.arrayContaining(names(input)))
      expect(Object.keys(stage.output)).toEqual(expect.arrayContaining(names(output)))
    }
  })

  const invalid = STAGE_TYPES.filter((type) => 'invalid' in STAGE_VARIANTS[type] && type !== 'FSSAI')
  it.each(invalid)('%s leaves everything but valid and message out when it is invalid', (type) => {
    for (const { output } of stagesOf(`${type}:invalid`)) {
      expect(Object.keys(output)).toEqual(['valid', 'message'])
      expect(output['valid']).toBe(false)
    }
  })

  const variants = STAGE_TYPES.flatMap((type) =>
    Object.keys(STAGE_VARIANTS[type]).map((name) => `${type}:${name}`),
  )
  it.each(variants.filter((name) => name.includes('pending')))(
    '%s holds async references alone',
    (choice) => {
      for (const { output } of stagesOf(choice)) {
        const references = 'items' in output ? (output['items'] as Record<string, unknown>[]) : [output]
        expect(references.length).toBeGreaterThan(0)
        for (const reference of references) {
          expect(Object.keys(reference)).toEqual(['_id', 'number'])
          expect(reference['_id']).toMatch(/^AR0[0-9a-z]{6,30}$/)
          expect(reference['number']).toMatch(/^\d{4}-\d{6}-\d{4}$/)
        }
      }
    },
  )
})

describe('realistic data', () => {
  it('has photos of 20 to 60 KB of base64 that begin like a JPEG', () => {
    for (const [choice, name] of [
      ['UIDAI:otp', 'pht'],
      ['EAADHAAR', 'photo'],
    ] as const) {
      for (const { output } of stagesOf(choice)) {
        const photo = String(output[name])
        expect(photo.length).toBeGreaterThan(20 * 1024 - 80)
        expect(photo.length).toBeLessThanOrEqual(60 * 1024)
        expect(photo.length % 4).toBe(0)
        expect(photo).toMatch(/^\/9j\/[A-Za-z0-9+/]+$/)
      }
    }
  })

  it('has outputs that are nearly all null', () => {
    for (const choice of ['UIDAI:nulls', 'EPIC:nulls', 'MASTER_BUSINESS:nulls']) {
      const [stage] = stagesOf(choice)
      const values = Object.values(stage?.output ?? {})
      expect(values.filter((value) => value === null).length).toBeGreaterThanOrEqual(values.length - 2)
    }
  })

  it('has employments with lists in lists', () => {
    const jobs = stagesOf('EMPLOYMENT:pending').flatMap(
      ({ input }) => input['items'] as Record<string, unknown>[],
    )
    expect(jobs.some((job) => (job['references'] as unknown[]).length === 2)).toBe(true)
    expect(jobs.some((job) => (job['documents'] as unknown[]).length === 0)).toBe(true)
    for (const job of jobs) expect(job['endDate'] === null).toBe(job['ended'] === false)
  })

  it('has full Aadhaar numbers with a right check digit and text outside ASCII', () => {
    const inputs = stagesOf('DIGILOCKER_DOC:done').map(
      ({ input }) => input['params'] as Record<string, string>,
    )
    for (const { uid = '' } of inputs) {
      expect(uid).toMatch(/^[2-9]\d{11}$/)
      expect(withCheckDigit(uid.slice(0, -1))).toBe(uid)
    }
    // The check digit of 236 is 3 in Verhoeff's own example.
    expect(withCheckDigit('236')).toBe('2363')
    expect(stagesOf('EAADHAAR:local-language')[0]?.output['nameLocal']).toMatch(/[\u0900-\u097f]/)
  })

  it('has numbers that come as texts and values that change their type', () => {
    expect(stagesOf('EDUCATION:text-numbers')[0]?.input['startYear']).toMatch(/^\d{4}$/)
    expect(stagesOf('FSSAI:invalid')[0]?.output['valid']).toBe('false')
    const linked = new Set(stagesOf('PAN:done').map(({ output }) => typeof output['aadhaarLinked']))
    expect(linked).toEqual(new Set(['boolean', 'string']))
  })
})
