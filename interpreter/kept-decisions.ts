import type { CarriedState } from '../model/carried-state.ts';
import { parseExecutionId, uuidOf } from '../model/execution-id.ts';
import type { Vote } from '../model/inquiry.ts';
import type { RunInput } from '../model/run-input.ts';
import { carry, type Reopened } from './carry.ts';
import { keptBindingOf } from './inquiries.ts';
import type { AskedInquiry, RunState } from './state.ts';
import { demandsStatements, isProven } from './statements.ts';

/**
 * Returns what a retry begins with instead of a restored state, where that holds decisions about something else than what this run
 * would ask: these questions are asked again, and what followed them is dropped. Null where every decision can be kept. Charges the
 * state for the work of comparing.
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

/** Finds the visits and items whose decision was about something else. */
function changedDecisions(state: RunState): Reopened {
  const reopened: Reopened = { visits: new Set(), items: new Map() };
  for (const inquiry of state.inquiries.values()) {
    const { outcome, place, settled } = inquiry;
    // That nobody has answered in time is no decision.
    if (outcome !== 'approved' && outcome !== 'denied') continue;
    const same = settled?.what !== undefined && settled.what === keptBindingOf(state, inquiry).what;
    if (same && inquiry.votes.every((vote) => isVoteProven(state, inquiry, vote))) continue;
    if (place.item === null) reopened.visits.add(place.visit);
    else reopened.items.set(place.visit, (reopened.items.get(place.visit) ?? new Set()).add(place.item));
  }
  return reopened;
}

/** Reports whether a vote is what a signed statement says, made about this question in the run that it comes from. */
function isVoteProven(state: RunState, { key, request, settled }: AskedInquiry, vote: Vote): boolean {
  if (!demandsStatements(state)) return true;
  const { proof, carried_from = 0, by, option, at, response, comment } = vote;
  if (proof === undefined) return false;
  const { statement } = proof;
  const origin = parseExecutionId(String(carried_from));
  const about = request.bind ? settled?.what : statement.what;
  return (
    origin !== undefined &&
    statement.type === 'decision' &&
    statement.tenant === state.run.tenant &&
    statement.execution === uuidOf(origin.n) &&
    statement.inquiry === key &&
    statement.what === about &&
    statement.subject === by &&
    statement.option === option &&
    statement.at === at &&
    (statement.override ?? false) === (vote.override ?? false) &&
    isProven(state, proof, 'decision', { response, comment })
  );
}

/** Keeps the states of sub-workflows whose work was not dropped; what is visited anew begins anew. */
function childrenLeft({ run, visits }: RunState, left: CarriedState): CarriedState['children'] {
  const children = run.carried?.children;
  if (children === undefined) return undefined;
  const keys = new Set(left.visits.map(({ index }, place) => visits[index ?? place]!.key));
  return Object.fromEntries(Object.entries(children).filter(([key]) => keys.has(key.replace(/\[\d+\]$/, ''))));
}
