import type { MessageFacts, OriginFacts, OutcomeFacts } from './facts.js'
import type { Judge } from './judge.js'
import { groupBy, placeOf, placesOf } from './places.js'
import { nameOf } from './units.js'

/** Every consumed message has exactly one outcome, which agrees with it. */
export function checkMessages({ messages, outcomes }: OriginFacts, judge: Judge): void {
  const bySource = groupBy(outcomes, ({ source }) => placeOf(source))
  for (const message of messages) {
    const place = placeOf(message.at)
    const found = bySource.get(place)
    bySource.delete(place)
    if (found === undefined) checkOpen(message, judge)
    else {
      if (!judge.isSettled(message.at)) judge.ahead(message.at)
      for (const outcome of found) checkAgreement(message, outcome, judge)
      checkOnce(found, judge)
    }
  }
  for (const [first, ...more] of bySource.values()) {
    if (first === undefined) continue
    judge.withoutMessage(first.source, `outcome ${first.outcome} at ${placeOf(first.at)}`)
    checkOnce([first, ...more], judge)
  }
  for (const outcome of outcomes) checkForm(outcome, judge)
}

function checkOpen({ at }: MessageFacts, judge: Judge): void {
  if (!judge.isSettled(at)) judge.waiting()
  else if (judge.mayLackOutcome(at)) judge.lacks('outcome-out-of-reach', at)
  else judge.found('message-without-outcome', at)
}

function checkOnce(outcomes: readonly OutcomeFacts[], judge: Judge): void {
  const [first] = outcomes
  if (first === undefined || outcomes.length === 1) return
  if (!judge.exact) judge.repeated(outcomes.length - 1)
  else {
    const places = placesOf(outcomes.map(({ at }) => at))
    judge.found('outcome-doubled', first.source, `${outcomes.length} outcomes at ${places}`)
  }
}

function checkAgreement(message: MessageFacts, outcome: OutcomeFacts, judge: Judge): void {
  if (outcome.attempt === message.attempt && outcome.replays === message.replays) return
  judge.found(
    'outcome-differs',
    message.at,
    `${nameOf(outcome)} by the outcome at ${placeOf(outcome.at)}, ${nameOf(message)} by the message`,
  )
}

/** What each outcome must and must not tell. */
function checkForm({ at, outcome, code, records }: OutcomeFacts, judge: Judge): void {
  const isVerified = outcome === 'VERIFIED'
  if (isVerified !== (code === null)) judge.found('outcome-malformed', at, `${outcome} with code ${code}`)
  if (isVerified !== records > 0) judge.found('outcome-malformed', at, `${outcome} with ${records} records`)
}
