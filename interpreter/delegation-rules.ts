import {
  type Delegation,
  type DelegationRefusal,
  type DelegationVerdict,
  heldDelegations,
} from '../model/delegation.ts';
import { barredFrom, closedVerdict, type Decider, isSamePerson, type RuledInquiry } from './inquiry-rules.ts';
import { DELEGATION_ENDS } from './versions.ts';

/** The number of delegations of one inquiry that a run takes, accepted or not; beyond it, it takes only the end of a delegation. */
export const MAX_DELEGATIONS = 100;

/** The parts of an inquiry that the rules of delegations need; `request` names the people who are asked, without delegations. */
export type DelegatedInquiry = Pick<RuledInquiry, 'request' | 'status' | 'votes' | 'expires' | 'delegations'>;

/**
 * Decides whether a delegation counts. The run that takes the delegation and the API, which refuses it early, use the same rules: no
 * starter of the run takes part, whether or not starters may decide; nobody delegates a vote that was delegated to them; nobody has a
 * second vote. `starters` and `version` are those of `judge`. Pure.
 */
export function judgeDelegation(
  inquiry: DelegatedInquiry,
  delegation: Delegation,
  starters: readonly string[],
  version: number,
): DelegationVerdict {
  const { request, votes, expires } = inquiry;
  const { by, to } = delegation;
  const from: Decider = { by, names: delegation.names, groups: delegation.groups };
  const other: Decider = { by: to, names: delegation.to_names, groups: delegation.to_groups };
  const held = heldDelegations(inquiry);
  const closed = closedVerdict(inquiry);
  // An inquiry that is closed has been decided, has expired or was withdrawn.
  if (closed !== null) return refused(closed.reason as DelegationRefusal, closed.message);
  if (expires !== null && Date.parse(delegation.at) >= expires) return refused('expired', 'nobody decided in time');
  if (request.delegable !== true) return refused('not_delegable', 'this question cannot be delegated');
  if (delegation.ends !== undefined && version >= DELEGATION_ENDS) return judgeEnd(inquiry, delegation, version);
  const isStarter = (person: Decider) => starters.some((by) => isSamePerson({ by, names: [] }, person, version));
  const hasVoted = (person: Decider) => votes.some(({ by }) => isSamePerson({ by, names: [] }, person, version));
  const delegates = held.find((each) => isSamePerson({ by: each.to, names: each.to_names }, from, version));
  const before = held.find((each) => isSamePerson(each, from, version));
  if (before !== undefined) return refused('not_allowed', `${by} has delegated this to ${before.to}`);
  if (delegates !== undefined) {
    return refused('not_allowed', `${by} decides on behalf of ${delegates.by}: a delegation cannot be delegated`);
  }
  if (barredFrom({ ...request, allow_self: true }, from, [], version) !== null) {
    return refused('not_allowed', `${by} is not asked`);
  }
  if (isStarter(from)) return refused('self_approval', `${by} has started the run, and may not delegate`);
  if (hasVoted(from)) return refused('already_voted', `${by} has decided already`);

  const unsuitable = (message: string) => refused('delegate_unsuitable', message);
  if (isSamePerson(from, other, version)) return unsuitable(`${by} and ${to} are the same person`);
  if (isStarter(other)) return unsuitable(`${to} has started the run, and may not decide about it`);
  if (hasVoted(other)) return unsuitable(`${to} has decided already`);
  if (held.some((each) => isSamePerson(each, other, version))) return unsuitable(`${to} has delegated this`);
  if (held.some((each) => isSamePerson({ by: each.to, names: each.to_names }, other, version))) {
    return unsuitable(`${to} decides on behalf of somebody already`);
  }
  // Two people who are asked, now or by a step of the escalation, are two votes: one person with both would leave a quorum that cannot
  // be reached.
  const steps = request.escalate ?? [];
  const approvers = [...request.approvers, ...steps.flatMap((step) => step.approvers)];
  const groups = [...request.groups, ...steps.flatMap((step) => step.groups)];
  if (barredFrom({ ...request, approvers, groups, allow_self: true }, other, [], version) === null) {
    return unsuitable(`${to} is asked too`);
  }
  return { result: 'delegated' };
}

/** Decides whether a delegation ends: only the person who made it takes it back, and decisions made by it stay. */
function judgeEnd(inquiry: DelegatedInquiry, { ends, why, by, names }: Delegation, version: number): DelegationVerdict {
  const ended = heldDelegations(inquiry).find(({ id }) => id === ends);
  if (ended === undefined) return refused('not_allowed', `there is no delegation "${ends}" that has not ended`);
  if (why === 'withdrawn' && !isSamePerson(ended, { by, names }, version)) {
    return refused('not_allowed', `${by} has not delegated this`);
  }
  const delegate = { by: ended.to, names: ended.to_names };
  if (inquiry.votes.some((vote) => isSamePerson({ by: vote.by, names: [] }, delegate, version))) {
    return refused('already_voted', `${ended.to} has decided already on behalf of ${ended.by}`);
  }
  return { result: 'delegated' };
}

function refused(reason: DelegationRefusal, message: string): DelegationVerdict {
  return { result: 'refused', reason, message };
}
