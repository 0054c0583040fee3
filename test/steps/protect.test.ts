import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createProtect, type PrivacyConfig, type Protect, type Scope } from '../../src/steps/protect.js'
import { aadhaar, grouped, inScript, vid, withCheckDigit } from '../support/aadhaar.js'

const protect = createProtect({ defaults: {}, rules: [] })
const NUMBER = withCheckDigit('48021234908')
const MASKED = `xxxxxxxx${NUMBER.slice(-4)}`
const VID = withCheckDigit('912345678901234')
/** Twelve digits that fail the check. */
const FAILING = NUMBER.replace(/.$/, (digit) => String((Number(digit) + 1) % 10))

function scopeAt(names: readonly string[], rules: Protect = protect): Scope {
  return names.reduce(
    (scope, name) => (name === '[]' ? rules.item(scope) : rules.member(scope, name)),
    rules.stageOf(null, 'FS0a'),
  )
}
const actionAt = (path: string, rules?: Protect): string => {
  const { action, isAadhaar } = scopeAt(path.split('.'), rules)
  return action === 'none' && isAadhaar ? 'aadhaar' : action
}
const keeping = (...names: (keyof PrivacyConfig['defaults'])[]): Protect =>
  createProtect({ defaults: Object.fromEntries(names.map((name) => [name, 'keep'])), rules: [] })

describe('secrets', () => {
  it.each(['otp', 'secret', 'password', 'captcha', 'token', 'auth'])(
    'drops members named %s anywhere, in any letter case',
    (name) => {
      for (const spelled of [name, name.toUpperCase(), name[0]?.toUpperCase() + name.slice(1)]) {
        for (const path of [`input.${spelled}`, `output.${spelled}`, spelled, `output.a.[].b.${spelled}`]) {
          expect(actionAt(path)).toBe('drop')
        }
        expect(actionAt(`input.${spelled}.below.[].deep`)).toBe('drop')
        expect(actionAt(`output.${spelled}`, keeping('secrets'))).toBe('none')
      }
      expect(actionAt(`output.${name}s`)).toBe('none')
      expect(actionAt(`output.my${name}`)).toBe('none')
    },
  )

  it('drops input.code and input.req, in any letter case, and there alone', () => {
    for (const path of ['input.code', 'input.req', 'input.CODE', 'input.Req', 'Input.Code', 'input.[].code'])
      expect(actionAt(path)).toBe('drop')
    for (const path of ['output.code', 'output.req', 'code', 'input.a.code'])
      expect(actionAt(path)).toBe('none')
    expect(actionAt('input.code', keeping('secrets'))).toBe('none')
  })

  it('keeps pin, a postal code', () => {
    expect(actionAt('output.address.pin')).toBe('none')
  })

  it('knows letters whose other case is an ASCII one', () => {
    expect(actionAt('output.\u017fecret')).toBe('drop')
    expect(actionAt('output.to\u212aen')).toBe('drop')
  })

  it('takes a point in a name for a part of the name', () => {
    expect(scopeAt(['input.code']).action).toBe('none')
  })
})

describe('aadhaar-fields', () => {
  const field = scopeAt(['input', 'uuid'])
  const text = (value: string): string | null => protect.text(field, value)

  it.each([
    ['480212349083', 'xxxxxxxx9083'],
    ['123456789012', 'xxxxxxxx9012'],
    ['4802xxxx9083', 'xxxxxxxx9083'],
    ['4802XXXX9083', 'xxxxxxxx9083'],
    ['XXXXXXXX9083', 'xxxxxxxx9083'],
    ['********9083', 'xxxxxxxx9083'],
    ['4802 1234 9083', 'xxxxxxxx9083'],
    ['4802-1234-9083', 'xxxxxxxx9083'],
    ['XXXX XXXX 9083', 'xxxxxxxx9083'],
    ['xxxxxxxx9083', 'xxxxxxxx9083'],
    ['4802123490xx', 'xxxxxxxx90xx'],
    ['४८०२१२३४९०८३', 'xxxxxxxx९०८३'],
    ['UID: 480212349084.', 'UID: xxxxxxxx9084.'],
    ['UID 4802 1234 9084, see 4802xxxx9083', 'UID xxxxxxxx9084, see xxxxxxxx9083'],
    ['9083', '9083'],
    ['MX12zfeuv1272pkt8gc5l0', 'MX12zfeuv1272pkt8gc5l0'],
    ['c500f555-0dd3-4368-b5e3-c039ddb144ee', 'c500f555-0dd3-4368-b5e3-c039ddb144ee'],
  ])('%s becomes %s', (value, expected) => {
    expect(text(value)).toBe(expected)
  })

  it('masks numbers there, also with an exponent', () => {
    expect(protect.number(field, '480212349084')).toBe('xxxxxxxx9084')
    expect(protect.number(field, '4.80212349084e11')).toBe('xxxxxxxx9084')
    expect(protect.number(field, '9083')).toBe('9083')
  })

  it('masks VIDs there', () => {
    expect(text(VID)).toBe(`xxxxxxxxxxxx${VID.slice(-4)}`)
  })

  it('covers its path and all below, in any letter case, and the paths of the catalogue', () => {
    for (const path of ['input.uuid', 'input.UUID', 'input.uuid.[].a', 'input.params.uid'])
      expect(actionAt(path)).toBe('aadhaar')
    expect(actionAt('output.uuid')).toBe('none')
    expect(actionAt('input.uuid.otp')).toBe('drop')
    const field = { path: 'output.ids[].value', action: 'mask', isSecret: false, isAadhaar: true } as const
    const more = createProtect({ defaults: {}, rules: [], types: new Map([['X', [field]]]) })
    expect(actionAt('output.ids.[].value', more)).toBe('aadhaar')
  })

  it('kept by name leaves masked characters alone, but not a whole number', () => {
    const kept = keeping('aadhaar-fields')
    const scope = scopeAt(['input', 'uuid'], kept)
    expect(kept.text(scope, '4802xxxx9083')).toBe('4802xxxx9083')
    expect(kept.text(scope, FAILING)).toBe(FAILING)
    expect(kept.text(scope, NUMBER)).toBe(MASKED)
    expect(keeping('aadhaar-fields', 'aadhaar-text').text(scope, NUMBER)).toBe(NUMBER)
  })
})

describe('aadhaar-text', () => {
  it('masks a number to its last four digits, wherever it stands in a text', () => {
    for (const [before, after] of [
      ['', ''],
      ['UID ', ''],
      ['(', ')'],
      ['a', 'b'],
      ['12 ', ' 34'],
      ['-', '-'],
      ['x.', '.5'],
      ['\n', '\n'],
    ]) {
      expect(protect.maskText(`${before}${NUMBER}${after}`)).toBe(`${before}${MASKED}${after}`)
    }
  })

  it('finds a number at each place of a long text', () => {
    for (let before = 0; before < 40; before += 1) {
      for (const filler of ['a', '.', ' ', 'é', '-']) {
        const text = `${filler.repeat(before)}${NUMBER}${filler.repeat(20)}`
        expect(protect.maskText(text)).toBe(text.replace(NUMBER, MASKED))
        const spaced = `${filler.repeat(before)},${grouped(NUMBER, ' ')},${filler.repeat(20)}`
        expect(protect.maskText(spaced)).toContain(`xxxx xxxx ${NUMBER.slice(-4)}`)
      }
    }
  })

  it('takes groups of four with one same separator, blank or hyphen, and keeps the separators', () => {
    for (const separator of [' ', '-', '\u00a0', '\u2009', '\u2010', '\u2011', '\u2013']) {
      expect(protect.maskText(grouped(NUMBER, separator))).toBe(grouped(MASKED, separator))
    }
    for (const text of [
      `${NUMBER.slice(0, 4)} ${NUMBER.slice(4, 8)}-${NUMBER.slice(8)}`,
      `${NUMBER.slice(0, 4)}  ${NUMBER.slice(4, 8)}  ${NUMBER.slice(8)}`,
      `${NUMBER.slice(0, 4)} ${NUMBER.slice(4)}`,
      grouped(NUMBER, '.'),
      grouped(NUMBER, '/'),
      NUMBER.replace(/(...)(?=.)/g, '$1 '),
    ]) {
      expect(protect.maskText(text)).toBe(text)
    }
  })

  it('takes no digits that have a digit directly beside', () => {
    for (const text of [
      `1${NUMBER}`,
      `${NUMBER}1`,
      `1${grouped(NUMBER, ' ')}`,
      `${grouped(NUMBER, '-')}1`,
      `१${NUMBER}`,
      `${NUMBER}१`,
    ]) {
      expect(protect.maskText(text)).toBe(text)
    }
    expect(protect.maskText(`12 ${grouped(NUMBER, ' ')} 3`)).toBe(`12 ${grouped(MASKED, ' ')} 3`)
    expect(protect.maskText(`1111 ${grouped(NUMBER, ' ')}`)).toBe(`1111 ${grouped(MASKED, ' ')}`)
  })

  it('takes no number that fails the check or starts with 0 or 1', () => {
    for (const number of [FAILING, withCheckDigit('08021234908'), withCheckDigit('18021234908')]) {
      expect(protect.maskText(number)).toBe(number)
      expect(protect.maskText(grouped(number, ' '))).toBe(grouped(number, ' '))
    }
  })

  it('takes VIDs of 16 digits that pass the check', () => {
    expect(protect.maskText(VID)).toBe(`xxxxxxxxxxxx${VID.slice(-4)}`)
    expect(protect.maskText(grouped(VID, '-'))).toBe(`xxxx-xxxx-xxxx-${VID.slice(-4)}`)
    const failing = `${VID.slice(0, -1)}${(Number(VID.slice(-1)) + 1) % 10}`
    expect(protect.maskText(failing)).toBe(failing)
  })

  it('takes digits of every script', () => {
    for (const zero of [0x660, 0x966, 0xc66, 0xff10, 0x1d7ce]) {
      const shown = inScript(NUMBER.slice(-4), zero)
      expect(protect.maskText(inScript(NUMBER, zero))).toBe(`xxxxxxxx${shown}`)
      expect(protect.maskText(`नाम: ${inScript(grouped(NUMBER, ' '), zero)}।`)).toBe(
        `नाम: xxxx xxxx ${shown}।`,
      )
      expect(protect.maskText(`😀${inScript(NUMBER, zero)}`)).toBe(`😀xxxxxxxx${shown}`)
    }
  })

  it('masks each of several numbers, also when they run into each other', () => {
    expect(protect.maskText(`${NUMBER},${NUMBER}`)).toBe(`${MASKED},${MASKED}`)
    expect(protect.maskText(`${grouped(NUMBER, ' ')} ${grouped(NUMBER, ' ')}`)).not.toContain(
      NUMBER.slice(0, 8),
    )
  })

  it('masks JSON numbers, also with an exponent, a sign or a fraction', () => {
    const scope = protect.stageOf(null, 'FS0a')
    expect(protect.number(scope, NUMBER)).toBe(MASKED)
    expect(protect.number(scope, `-${NUMBER}`)).toBe(`-${MASKED}`)
    expect(protect.number(scope, `${NUMBER}.0`)).toBe(`${MASKED}.0`)
    expect(protect.number(scope, `${NUMBER[0]}.${NUMBER.slice(1)}e11`)).toBe(MASKED)
    expect(protect.number(scope, `${NUMBER}0E-1`)).toBe(MASKED)
    for (const number of ['1', '1e5', '1.0', '1700000000000', FAILING, '1e400', '-0']) {
      expect(protect.number(scope, number)).toBe(number)
    }
  })

  it('finds every number in any text, and hides all but its last four digits', () => {
    const filler = fc.string({
      unit: fc.constantFrom('a', ' ', '-', '1', 'é', 'न', '😀', '.', '९'),
      maxLength: 30,
    })
    fc.assert(
      fc.property(
        filler,
        fc.oneof(aadhaar, vid),
        fc.constantFrom('', ' ', '-'),
        filler,
        (before, number, separator, after) => {
          const text = `${before}.${grouped(number, separator)}.${after}`
          const masked = protect.maskText(text)
          expect(masked).not.toContain(grouped(number, separator))
          expect(masked).toContain(grouped('x'.repeat(number.length - 4) + number.slice(-4), separator))
          expect([...masked].length).toBe([...text].length)
          expect(protect.maskText(masked)).toBe(masked)
          expect(protect.matches(text)).toBe(true)
        },
      ),
      { numRuns: 5_000 },
    )
  })

  it('is turned off by name', () => {
    const kept = keeping('aadhaar-text')
    expect(kept.maskText(NUMBER)).toBe(NUMBER)
    expect(kept.number(kept.stageOf(null, 'FS0a'), NUMBER)).toBe(NUMBER)
    expect(kept.name(NUMBER)).toBe(NUMBER)
    expect(kept.matches(NUMBER)).toBe(false)
    expect(kept.maskTag(NUMBER)).toBe(MASKED)
  })
})

describe('tag-digits', () => {
  it('masks numbers in a tag, and is turned off by name', () => {
    expect(protect.maskTag(`REF ${NUMBER}`)).toBe(`REF ${MASKED}`)
    expect(protect.maskTag('290846')).toBe('290846')
    expect(keeping('tag-digits').maskTag(NUMBER)).toBe(NUMBER)
    expect(keeping('tag-digits').maskText(NUMBER)).toBe(MASKED)
  })
})

describe('media', () => {
  const scope = scopeAt(['output', 'document'])
  const long = 'QUJD'.repeat(2049)

  it('drops output.pht and output.photo, and there alone', () => {
    for (const path of ['output.pht', 'output.photo', 'output.Photo', 'output.pht.[].a'])
      expect(actionAt(path)).toBe('drop')
    for (const path of ['input.photo', 'output.a.photo', 'photo', 'output.photos'])
      expect(actionAt(path)).toBe('none')
    expect(actionAt('output.pht', keeping('media'))).toBe('none')
  })

  it.each([
    ['base64', long],
    ['base64 with its end', `${long}QQ==`],
    ['base64url', `${long}-_`],
    ['with line breaks', long.replace(/(.{76})/g, '$1\r\n')],
    ['as a data URL', `data:image/jpeg;base64,${long}`],
    ['as a data URL in capitals', `DATA:;BASE64,${long}`],
    ['of 8,193 characters', 'A'.repeat(8193)],
  ])('drops long text that is %s', (_, text) => {
    expect(protect.text(scope, text)).toBeNull()
    expect(protect.text(scopeAt(['input', 'uuid']), text)).toBeNull()
    expect(keeping('media').text(scope, text)).toBe(text)
  })

  it.each([
    ['8,192 characters', 'A'.repeat(8192)],
    ['a blank inside', `${long} ${long}`],
    ['a point inside', `${long}.${long}`],
    ['a letter of another alphabet', `${long}é`],
    ['a data prefix without a comma', `data:image/jpeg;base64 ${long}`],
  ])('keeps text with %s', (_, text) => {
    expect(protect.text(scope, text)).toBe(text)
  })
})

describe('createProtect', () => {
  it('refuses the name of a rule that does not exist', () => {
    const defaults = { secrts: 'keep' } as PrivacyConfig['defaults']
    expect(() => createProtect({ defaults, rules: [] })).toThrow(/secrts/)
  })
})
