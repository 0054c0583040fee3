import type { Draw } from '../draw.js'
import type { Tree, TreeObject } from '../json.js'
import { invalidOutput, type StageContent, type Variants } from './model.js'

/** BANK_ACC and VPA. Source: attestr.md section 3.7 */

export const bankAcc: Variants = {
  done: { share: 4, make: (draw) => bank(draw, false) },
  'ifsc-details': { share: 3, make: (draw) => bank(draw, true) },
  // The same but for the mark in its message.
  marked: { share: 0, make: markedBank },
  invalid: {
    share: 1,
    make: (draw) => ({ input: bankInput(draw), output: invalidOutput('Account does not exist') }),
  },
}

export const vpa: Variants = {
  done: { share: 4, make: vpaDone },
  invalid: {
    share: 1,
    make: (draw) => ({ input: { vpa: `${draw.mobile()}@upi` }, output: invalidOutput('No such VPA') }),
  },
}

function bank(draw: Draw, details: boolean): { input: Tree; output: TreeObject } {
  const input = bankInput(draw)
  const output = {
    valid: true,
    name: draw.name().toUpperCase(),
    status: draw.pick(['SUCCESS', 'COMPLETED']),
    message: null,
    suggestion: draw.orNull(0.8, 'Name differs in one word'),
  }
  return { input, output: details ? { ...output, ifsc: branch(draw, input.ifsc) } : output }
}

function markedBank(draw: Draw): StageContent {
  const content = bank(draw, true)
  return {
    input: content.input,
    output: { ...content.output, message: `Credited, reference ${draw.mark()}` },
  }
}

function bankInput(draw: Draw): { acc: string; ifsc: string; fetchIfsc: boolean } {
  // Account numbers are texts: leading zeros count.
  return {
    acc: `${draw.pick(['00', '50', '91'])}${draw.digits(draw.int(7, 14))}`,
    ifsc: draw.ifsc(),
    fetchIfsc: true,
  }
}

function branch(draw: Draw, ifsc: string) {
  const address = draw.address()
  return {
    ifsc,
    micr: draw.orNull(0.3, draw.digits(9)),
    bank: `${ifsc.slice(0, 4)} BANK LTD`,
    branch: address['vtc'] ?? null,
    address: draw.addressLine(),
    city: address['district'] ?? null,
    state: address['state'] ?? null,
    contact: draw.orNull(0.5, `+91${draw.mobile()}`),
    upi: true,
    neft: true,
    rtgs: draw.chance(0.9),
    imps: draw.chance(0.9),
  }
}

function vpaDone(draw: Draw): StageContent {
  return {
    input: { vpa: `${draw.mobile()}@${draw.pick(['upi', 'okaxis', 'ybl'])}` },
    output: { valid: true, name: draw.name().toUpperCase(), message: null },
  }
}
