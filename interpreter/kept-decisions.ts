import type { CarriedState } from '../model/carried-state.ts';
import { type DelegationRecord, parseDelegation } from '../model/delegation.ts';
import { deriveUuid, parseExecutionId } from '../model/execution-id.ts';
import { parseDecision, type Vote } from '../model/inquiry.ts';
import { canonicalJson, type Json, type JsonObject } from '../model/json.ts';
import type { RunInput } from '../model/run-input.ts';
import { SCHEMA_WORK } from '../model/schema/validate.ts';
import { executionKey, keyOfVisit } from '../model/task-key.ts';
import { carry, isUnfinished, type Reopened } from './carry.ts';
import { judgeDelegation } from './delegation-rules.ts';
import { derive } from './derive.ts';
import { requestNow } from './escalation.ts';
import { bindKeptDecision } from './inquiries.ts';
import { judge } from './inquiry-rules.ts';
import type { AskedInquiry, Place, RunState, Visit } from './state.ts';
import { demandsStatements, isProven } from './statements.ts';
import { createMeter, spendCheck } from './work.ts';

/**
 * Returns the input with which a retry begins again when its restored state has decisions about something else than this run would ask:
 * those inquiries are asked again, and everything that followed them is dropped. Returns null when every decision can be kept. Charges
 * the state for the work of comparing.
 */
export function withoutChangedDecisions(state: RunState): RunInput | null {
  const { run } = state;
  const reopened = changedDecisions(state);
  const next = reopened.visits.size + reopened.items.size === 0 ? null : carry(state, null, reopened);
  if (next === null) return null;
  const children = childrenLeft(state, next.state);
  const { children: _, ...carried } = next.state;
  return { ...run, carried: children === undefined ? carried : { ...carried, children } };
}

/** Finds the visits and items whose decision was about something else, or that succeeded without a proven decision. */
function changedDecisions(state: RunState): Reopened {
  const reopened: Reopened = { visits: new Set(), items: new Map() };
  const reopen = (visit: number, item: number | null) => {
    if (item === null) reopened.visits.add(visit);
    else reopened.items.set(visit, (reopened.items.get(visit) ?? new Set()).add(item));
  };
  const approved = new Set<string>();
  for (const inquiry of state.inquiries.values()) {
    const { key, outcome, place, settled } = inquiry;
    // An expired inquiry has no decision.
    if (outcome !== 'approved' && outcome !== 'denied') continue;
    const same = settled?.what !== undefined && settled.what === bindKeptDecision(state, inquiry).what;
    if (!same || !derive(state, 'kept_decision', () => isDecided(state, inquiry))) reopen(place.visit, place.item);
    else if (outcome === 'approved') approved.add(`${place.visit} ${place.item} ${executionKey(key)}`);
  }
  if (demandsStatements(state)) {
    for (const { visit, item } of unapprovedSuccesses(state, approved)) reopen(visit, item);
  }
  return reopened;
}

/** Finds the visits and items that asked people and succeeded, and are not among the approved. */
function unapprovedSuccesses(state: RunState, approved: ReadonlySet<string>): Place[] {
  const lacks = ({ status, key }: Pick<Visit, 'status' | 'key'>, { visit, item }: Place) =>
    status === 'succeeded' && !approved.has(`${visit} ${item} ${key}`);
  return state.visits.flatMap((visit, index): Place[] => {
    if (!asksPeople(state, visit)) return [];
    const whole: Place = { visit: index, item: null };
    if (state.program.tasks.get(visit.name)!.items === null) return lacks(visit, whole) ? [whole] : [];
    if (lacksItems(visit)) return [whole];
    return (visit.items?.work ?? []).flatMap((work, item) => {
      const place = { visit: index, item };
      return lacks(work, place) ? [place] : [];
    });
  });
}

function asksPeople({ actions, program }: RunState, { name }: Visit): boolean {
  return actions[program.tasks.get(name)?.action ?? '']?.waits === 'inquiry';
}

/** Returns whether items of a visit count as done although an earlier run of the chain passed on nothing but that they are done. */
function lacksItems(visit: Visit): boolean {
  const { status, items } = visit;
  if (items === null) return status === 'succeeded';
  const there = items.work.flat().length;
  if (status === 'succeeded') return there < items.list.length;
  return isUnfinished(visit) && there < items.work.length;
}

/** Returns whether the votes of an inquiry, each of them proven and taken in turn by the rules, lead to its outcome. */
function isDecided(state: RunState, inquiry: AskedInquiry): boolean {
  const { votes, outcome } = inquiry;
  if (!demandsStatements(state)) return votes.length > 0;
  const request = requestNow(inquiry);
  const delegated = provenDelegations(state, inquiry);
  const meter = createMeter(state, SCHEMA_WORK);
  const decided = votes.map((vote, at) => {
    const { by, response, comment, proof, carried_from } = vote;
    if (proof === undefined || !isVoteProven(state, inquiry, vote)) return 'refused';
    const decision = parseDecision({ ...proof.statement, by, response, comment });
    if (decision === null) return 'refused';
    const delegations = delegated.filter((record) => record.carried_from === carried_from);
    const ruled = { ...inquiry, request, status: 'pending' as const, votes: votes.slice(0, at), delegations };
    // The run that took the decision judged its binding and the starters.
    const verdict = judge({ ...ruled, bound: decision.bound_to ?? '' }, decision, [], state.version, meter);
    return verdict.result === 'decided' ? verdict.outcome : verdict.result;
  });
  spendCheck(state, meter);
  return decided.pop() === outcome && decided.every((result) => result === 'counted');
}

/** Returns the delegations of an inquiry that their statements prove and that, taken in turn, count by the rules. */
function provenDelegations(state: RunState, inquiry: AskedInquiry): DelegationRecord[] {
  const { delegations = [], escalated = [], request: asked, expires } = inquiry;
  const held: DelegationRecord[] = [];
  for (const record of delegations) {
    const { delegation, taken, verdict } = record;
    if (verdict.result === 'refused' || !isDelegationProven(state, inquiry, record)) continue;
    // A step of the escalation may since have asked the delegate.
    const before = escalated.filter((time) => time <= Date.parse(taken));
    const request = requestNow({ request: asked, escalated: before });
    const ruled = { request, status: 'pending' as const, votes: [], expires, delegations: held };
    if (judgeDelegation(ruled, delegation, [], state.version).result === 'delegated') held.push(record);
  }
  return held;
}

/** Returns whether a signed statement proves a delegation: made about this inquiry, in the run that it comes from. */
function isDelegationProven(state: RunState, inquiry: AskedInquiry, record: DelegationRecord): boolean {
  const { proof, carried_from, delegation } = record;
  if (proof === undefined || !isMadeAbout(state, inquiry, proof.statement, carried_from)) return false;
  const { subject = null, ...said } = proof.statement;
  const { reason } = delegation;
  const stated = parseDelegation({ ...said, by: subject, reason });
  return (
    proof.statement.type === 'delegate' &&
    canonicalJson(stated as unknown as Json) === canonicalJson(delegation as unknown as Json) &&
    isProven(state, proof, 'delegate', { reason })
  );
}

/** Returns whether a statement was made about an inquiry, in the execution that it is said to come from. */
function isMadeAbout(
  { run }: RunState,
  { key }: AskedInquiry,
  { tenant, execution, inquiry }: JsonObject,
  from = 0,
): boolean {
  const origin = parseExecutionId(String(from));
  return origin !== undefined && tenant === run.tenant && execution === deriveUuid(origin.n) && inquiry === key;
}

/** Returns whether a signed statement proves a vote: made about this inquiry, in the run that it comes from. */
function isVoteProven(state: RunState, inquiry: AskedInquiry, vote: Vote): boolean {
  const { request, settled } = inquiry;
  const { proof, carried_from, by, option, at, response, comment } = vote;
  if (proof === undefined) return false;
  const { statement } = proof;
  const about = request.bind ? settled?.what : statement.what;
  return (
    statement.type === 'decision' &&
    isMadeAbout(state, inquiry, statement, carried_from) &&
    statement.what === about &&
    statement.subject === by &&
    statement.option === option &&
    request.options.find(({ ref }) => ref === option)?.outcome === vote.outcome &&
    statement.at === at &&
    (statement.override ?? false) === (vote.override ?? false) &&
    statement.on_behalf_of === vote.on_behalf_of &&
    isProven(state, proof, 'decision', { response, comment })
  );
}

/** Keeps the states of sub-workflows whose work was not dropped; a new visit starts its sub-workflow from the beginning. */
function childrenLeft({ run, visits }: RunState, left: CarriedState): CarriedState['children'] {
  const children = run.carried?.children;
  if (children === undefined) return undefined;
  const keys = new Set(left.visits.map(({ index }, place) => visits[index ?? place]!.key));
  return Object.fromEntries(Object.entries(children).filter(([key]) => keys.has(keyOfVisit(key))));
}
