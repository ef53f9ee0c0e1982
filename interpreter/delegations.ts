import { DELEGATE_SIGNAL, parseDelegation } from '../model/delegation.ts';
import type { Json } from '../model/json.ts';
import { judgeDelegation, MAX_DELEGATIONS } from './delegation-rules.ts';
import { derive } from './derive.ts';
import { requestNow } from './escalation.ts';
import { statusOf } from './inquiries.ts';
import type { RunState } from './state.ts';
import { demandsStatements, verifyStatement } from './statements.ts';
import { DELEGATION_ENDS } from './versions.ts';

/** Takes the payload of a delegate signal; whatever it is, the run continues. */
export function takeDelegation(state: RunState, payload: Json): void {
  const isTaken = (id: string) =>
    [...state.inquiries.values()].some(({ delegations = [] }) =>
      delegations.some(({ delegation }) => delegation.id === id),
    );
  const verified = demandsStatements(state)
    ? verifyStatement(state, DELEGATE_SIGNAL, payload, 'delegate', isTaken)
    : undefined;
  if (verified === null) return;
  const delegation = parseDelegation(verified?.payload ?? payload);
  if (delegation === null || isTaken(delegation.id)) return;
  const inquiry = state.inquiries.get(delegation.inquiry);
  if (inquiry === undefined) return;
  const { delegations = [] } = inquiry;
  const isFull = delegations.length >= MAX_DELEGATIONS;
  // A refused delegation without a record could count when it is sent again.
  if (isFull && !(delegation.ends !== undefined && state.version >= DELEGATION_ENDS)) return;
  const ruled = { ...inquiry, request: requestNow(inquiry), status: statusOf(state, inquiry) };
  const starters = state.run.starters ?? [];
  const verdict = derive(state, 'delegation', () => judgeDelegation(ruled, delegation, starters, state.version));
  // Each delegation ends once, so there are never more ends than delegations. A refused end never counts later.
  if (isFull && verdict.result === 'refused') return;
  const taken = new Date(state.now).toISOString();
  const proof = verified === undefined ? {} : { proof: verified.proof };
  inquiry.delegations = [...delegations, { delegation, verdict, taken, ...proof }];
}
