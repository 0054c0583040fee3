import { Buffer } from 'node:buffer'
import type { Tree } from './json.js'
import { createRandom, type Random } from './random.js'

/** Realistic pieces of KYC data, drawn from one random sequence. Nobody real is meant. */

/** Marks put where secrets and Aadhaar numbers stand, so that a test can search for them everywhere. */
export interface Canary {
  /** Takes the place of every OTP, share code, captcha and request id. */
  readonly secret: string
  /** Takes the place of every full Aadhaar number, and is written into texts and tags. */
  readonly aadhaar: string
  /** Paths by stage type that hold the secret too, such as `output.filings[].arn`. */
  readonly fields?: Readonly<Record<string, readonly string[]>>
}

export interface Address {
  readonly [part: string]: string | null
}

export interface Draw extends Omit<Random, 'restart'> {
  /** Goes to the beginning of the sequence of another name, with another mark. */
  restart(name: string, mark?: string): void
  /** A text set by `restart`, by which a handshake is told from others with the same sequence. */
  mark(): string
  orNull<T extends Tree>(share: number, value: T): T | null
  digits(count: number): string
  hex(count: number): string
  upper(count: number): string
  base64(count: number): string
  /** `AR0…`, `MX1…` and the like, of the older generation. */
  id(prefix: string): string
  number(): string
  uuid(): string
  firstName(): string
  lastName(): string
  name(): string
  /** A one-time code, a share code, a captcha: what must never leave the connector. */
  secret(count: number): string
  /** Twelve digits with a right Verhoeff check digit. */
  aadhaar(): string
  mobile(): string
  email(): string
  pan(kind: 'P' | 'C'): string
  ifsc(): string
  /** `DD-MM-YYYY` */
  date(fromYear: number, toYear: number): string
  /** `YYYY-MM-DD` */
  isoDate(fromYear: number, toYear: number): string
  /** Epoch milliseconds in 2021. */
  time(): number
  address(): Address
  addressLine(): string
  /** Base64 of something like a JPEG, of about this many KB of text. */
  photo(minKb: number, maxKb: number): string
  /** Base64 of something like a PDF. */
  pdf(minKb: number, maxKb: number): string
}

const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz'
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const FIRST_NAMES = [
  'Prajakt', 'Akhilesh', 'Asha', 'Ravi', 'Meenakshi', 'Farhan', 'Gurpreet', 'Lakshmi', 'Nikhil', 'Zoya',
  'Thomas', 'Ananya', 'Dev', 'Ishita', 'Kabir', 'Leela', 'Manoj', 'Neha', 'Om', 'Pooja',
] as const // biome-ignore format: a list of words
const LAST_NAMES = [
  'Goel', 'Sharma', 'Reddy', "D'Souza", 'Khan', 'Singh', 'Iyer', 'Patel', 'Das', 'Kulkarni', 'Nair', 'Bose',
  'Chatterjee', 'Gupta', 'Mehta', 'Joseph', 'Rao', 'Verma', 'Yadav', 'Kaur',
] as const // biome-ignore format: a list of words
const PLACES = [
  ['Hyderabad', 'Telangana', '5000', 'Khairatabad', 'हैदराबाद'],
  ['Pune', 'Maharashtra', '4110', 'Haveli', 'पुणे'],
  ['Bengaluru Urban', 'Karnataka', '5600', 'Yelahanka', 'ಬೆಂಗಳೂರು'],
  ['Jaipur', 'Rajasthan', '3020', 'Sanganer', 'जयपुर'],
  ['Chennai', 'Tamil Nadu', '6000', 'Mylapore', 'சென்னை'],
  ['Lucknow', 'Uttar Pradesh', '2260', 'Malihabad', 'लखनऊ'],
] as const
const BANKS = ['HDFC', 'SBIN', 'ICIC', 'UTIB', 'PUNB', 'KKBK'] as const
const LOCALITIES = [
  'SRINAGAR COLONY PHASE 3',
  'M G Road',
  'Sector 14',
  'Gandhi Nagar',
  'Civil Lines',
] as const
const LANDMARKS = ['Near SBI ATM', 'Opp. City "Centre" Mall', 'Behind bus stand', 'Gate No. 2/3'] as const
/** Media are slices of one text: its length bounds what is drawn, not how long a medium can be. */
const MEDIA_POOL = 192 * 1024

/**
 * Makes the draw of one seed. It is one sequence at a time: `restart` begins another.
 *
 * In:     seed, and the canary if there is one
 */
export function createDraw(seed: number, canary: Canary | null): Draw {
  const random = createRandom(seed, 'draw')
  let mark = ''
  return {
    ...random,
    restart(name, newMark = '') {
      random.restart(name)
      mark = newMark
    },
    mark: () => mark,
    ...codes(random, canary),
    ...people(random),
    ...media(random, seed),
  }
}

function codes(random: Random, canary: Canary | null) {
  const digits = (count: number): string => random.chars('0123456789', count)
  const hex = (count: number): string => random.chars('0123456789abcdef', count)
  const upper = (count: number): string => random.chars(UPPER, count)
  return {
    digits,
    hex,
    upper,
    base64: (count: number) => random.chars(BASE64, count),
    id: (prefix: string) => `${prefix}2${random.chars(BASE36, 9)}kq${random.chars(BASE36, 6)}`,
    number: () => `38${digits(2)}-${digits(6)}-${digits(4)}`,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${random.pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`,
    secret: (count: number) => canary?.secret ?? random.chars(UPPER + BASE36, count),
    aadhaar: () => canary?.aadhaar ?? withCheckDigit(`${random.int(2, 9)}${digits(10)}`),
    mobile: () => `${random.int(6, 9)}${digits(9)}`,
    pan: (kind: 'P' | 'C') => `${upper(3)}${kind}${upper(1)}${digits(4)}${upper(1)}`,
    ifsc: () => `${random.pick(BANKS)}0${digits(6)}`,
    orNull: <T extends Tree>(share: number, value: T): T | null => (random.chance(share) ? null : value),
  }
}

function people(random: Random) {
  const two = (value: number): string => String(value).padStart(2, '0')
  const firstName = (): string => random.pick(FIRST_NAMES)
  const lastName = (): string => random.pick(LAST_NAMES)
  function address(): Address {
    const [district, state, zip, vtc, local] = random.pick(PLACES)
    const optional = (text: string): string | null => (random.chance(0.4) ? null : text)
    return {
      houseNumber: `FLAT ${random.int(1, 999)} SAI RESIDENCY`,
      street: optional(`${random.int(1, 40)}th Cross`),
      landmark: optional(random.pick(LANDMARKS)),
      location: random.pick(LOCALITIES),
      vtc,
      postOffice: optional(random.chance(0.2) ? local : `${vtc} S.O`),
      subdistrict: optional(vtc),
      district,
      state,
      country: 'India',
      zip: `${zip}${two(random.int(1, 99))}`,
    }
  }
  return {
    firstName,
    lastName,
    name: () => `${firstName()} ${lastName()}`,
    email: () => `${firstName().toLowerCase()}${random.int(1, 999)}@example.com`,
    date: (from: number, to: number) =>
      `${two(random.int(1, 28))}-${two(random.int(1, 12))}-${random.int(from, to)}`,
    isoDate: (from: number, to: number) =>
      `${random.int(from, to)}-${two(random.int(1, 12))}-${two(random.int(1, 28))}`,
    time: () => 1_624_181_764_806 + random.int(0, 15_000_000) * 1000,
    address,
    addressLine: () =>
      Object.values(address())
        .filter((part) => part !== null)
        .join(', '),
  }
}

function media(random: Random, seed: number) {
  // Made when first wanted: many sources never draw a medium.
  let pool = ''
  function block(prefix: string, minKb: number, maxKb: number): string {
    if (pool === '') pool = createRandom(seed, 'media').chars(BASE64, MEDIA_POOL)
    const length = Math.floor((random.int(minKb * 1024, maxKb * 1024) - prefix.length) / 4) * 4
    let start = random.int(0, pool.length - 1)
    let text = ''
    for (let left = length; left > 0; start = 0) {
      const piece = pool.slice(start, start + left)
      text += piece
      left -= piece.length
    }
    return prefix + text
  }
  const jpegHeader = '/9j/4AAQSkZJRgABAgAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgK'
  const pdfHeader = Buffer.from('%PDF-1.7 simulated document\n\n').toString('base64').replaceAll('=', 'A')
  return {
    photo: (minKb: number, maxKb: number) => block(jpegHeader, minKb, maxKb),
    pdf: (minKb: number, maxKb: number) => block(pdfHeader, minKb, maxKb),
  }
}

/**
 * Adds the Verhoeff check digit.
 *
 * In:     digits
 * Out:    the digits and one more, such as UIDAI puts at the end of Aadhaar numbers
 * Source: attestr.md section 7 (what is masked); the algorithm is Verhoeff's of 1969
 */
export function withCheckDigit(digits: string): string {
  let check = 0
  for (let i = 0; i < digits.length; i += 1) {
    const digit = Number(digits[digits.length - 1 - i])
    check = rotate(check, permute(digit, i + 1))
  }
  for (let digit = 0; digit < 10; digit += 1) if (rotate(check, digit) === 0) return digits + digit
  return digits
}

/** Multiplication in the dihedral group of ten elements. */
function rotate(left: number, right: number): number {
  if (left < 5) return right < 5 ? (left + right) % 5 : 5 + ((left + right) % 5)
  return right < 5 ? 5 + ((((left - right) % 5) + 5) % 5) : (left - right + 5) % 5
}

function permute(digit: number, times: number): number {
  let result = digit
  for (let i = 0; i < times % 8; i += 1) result = '1576283094'.charCodeAt(result) - 48
  return result
}
