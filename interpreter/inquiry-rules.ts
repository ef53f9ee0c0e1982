import { type Delegation, type DelegationRecord, heldDelegations } from '../model/delegation.ts';
import {
  type Decision,
  type InquiryOption,
  type InquiryRequest,
  type InquiryStatus,
  type RefusalReason,
  requiredForm,
  type Verdict,
  type Vote,
} from '../model/inquiry.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { forbidName, grantName } from '../model/names.ts';
import { ReplayExceeded, type WorkMeter } from '../model/work.ts';
import { mismatches } from './schema-checks.ts';
import { DELEGATION, NORMAL_NAMES, OVERRIDE } from './versions.ts';

/** The parts of an inquiry that the rules need. */
export interface RuledInquiry {
  request: InquiryRequest;
  status: InquiryStatus;
  votes: readonly Vote[];
  /** Milliseconds; null: never. */
  expires: number | null;
  /** Hash of what approval would run now. */
  bound: string;
  /** Every delegation that came; absent: there were none. */
  delegations?: readonly DelegationRecord[] | undefined;
}

/** The verdict on a decision that does not count. */
type Refused = Verdict & { result: 'refused' };

/** A person who decides or wants to: the subject, all names of the person, and their groups. */
export type Decider = Pick<Decision, 'by' | 'names' | 'groups'>;

/**
 * Decides whether a decision counts. The run that takes the decision and the API, which refuses it early, use the same rules. `starters`
 * are the subjects who count as having started the run; `version` is the interpreter version whose checks of forms apply, and `meter`
 * counts the work of such a check. Pure.
 */
export function judge(
  inquiry: RuledInquiry,
  decision: Decision,
  starters: readonly string[],
  version: number,
  meter?: WorkMeter,
): Verdict {
  const { request, votes } = inquiry;
  const closed = closedVerdict(inquiry);
  if (closed !== null) return closed;
  if (inquiry.expires !== null && Date.parse(decision.at) >= inquiry.expires) {
    return refused('expired', 'nobody decided in time');
  }
  const option = request.options.find(({ ref }) => ref === decision.option);
  if (option === undefined) {
    const offered = request.options.map(({ ref }) => ref).join(', ');
    return refused('option_unknown', `there is no option "${decision.option}"; offered: ${offered}`);
  }
  const overrides = decision.override === true && version >= OVERRIDE;
  const barred = overrides
    ? startedBy(decision, starters, version)
    : barredFromDeciding(inquiry, decision, starters, version);
  if (barred !== null) return barred;
  if (!overrides && votes.some(({ by }) => isOneOf(by, decision, version)))
    return refused('already_voted', `${decision.by} has decided already`);
  if (request.bind && decision.bound_to !== null && decision.bound_to !== inquiry.bound) {
    return refused('binding_changed', 'what would run is not what was shown any more: look again');
  }
  // A response that is not required must still be valid when it comes.
  const schema = decision.response === null ? requiredForm(request, option) : request.response_schema;
  const issues = schema === null ? [] : formIssues(schema, decision.response, version, meter);
  if (issues.length > 0) {
    return {
      ...refused(
        'response_invalid',
        `the form is invalid: ${issues.map(({ path, message }) => `${path} ${message}`).join('; ')}`,
      ),
      issues: issues.map(({ path, message }) => ({ path, message })),
    };
  }
  if (overrides) return { result: 'decided', outcome: option.outcome === 'approve' ? 'approved' : 'denied' };
  return counted(request, votes, option);
}

/**
 * Returns why a person may not decide an inquiry at all, by the people who were asked and the delegations; null: they may. With
 * `on_behalf_of` they decide by the delegation of that subject, and only by that.
 */
export function barredFromDeciding(
  { request, delegations }: Pick<RuledInquiry, 'request' | 'delegations'>,
  decider: Decider & Pick<Decision, 'on_behalf_of'>,
  starters: readonly string[],
  version: number,
): Refused | null {
  const { by, on_behalf_of: behalf } = decider;
  const held = version >= DELEGATION ? heldDelegations({ delegations }) : [];
  const own = held.find((delegation) => isSamePerson(delegation, decider, version));
  if (own !== undefined) return refused('not_allowed', `${by} has delegated this to ${own.to}`);
  if (behalf === undefined || version < DELEGATION) return barredFrom(request, decider, starters, version);
  if (delegationTo(held, decider)?.by !== behalf) {
    return refused('not_allowed', `${by} does not decide on behalf of ${behalf}`);
  }
  return startedBy(decider, starters, version);
}

/** Returns the delegation by which a person decides; undefined: there is none. */
export function delegationTo(
  held: readonly Delegation[],
  { by, names }: Pick<Decider, 'by' | 'names'>,
): Delegation | undefined {
  const all = new Set([by, ...names].map(grantName));
  return held.find(({ to }) => all.has(grantName(to)));
}

/** Returns why a person may not decide at all; null: they may. */
export function barredFrom(
  { approvers, groups, allow_self: allowSelf }: Pick<InquiryRequest, 'approvers' | 'groups' | 'allow_self'>,
  decider: Decider,
  starters: readonly string[],
  version: number,
): Refused | null {
  const { by, names, groups: own } = decider;
  const form = version >= NORMAL_NAMES ? grantName : asWritten;
  const [all, memberships] = [new Set([by, ...names].map(form)), new Set(own.map(form))];
  const asked = approvers.length + groups.length;
  const isAsked =
    asked === 0 ||
    approvers.some((name) => all.has(form(name))) ||
    groups.some((group) => memberships.has(form(group)));
  if (!isAsked) return refused('not_allowed', `${by} is not asked`);
  return allowSelf ? null : startedBy(decider, starters, version);
}

/** Returns a refusal for a person who started the run; null: they did not. */
function startedBy(
  decider: Pick<Decision, 'by' | 'names'>,
  starters: readonly string[],
  version: number,
): Refused | null {
  if (!starters.some((starter) => isOneOf(starter, decider, version))) return null;
  return refused('self_approval', `${decider.by} has started the run, and may not decide about it`);
}

/** Returns whether a subject is a given person, by any of their names; runs of older interpreters know fewer of the names. */
function isOneOf(subject: string, { by, names }: Pick<Decision, 'by' | 'names'>, version: number): boolean {
  if (version < NORMAL_NAMES) return subject === by || names.includes(subject);
  const form = forbidName(subject);
  return [by, ...names].some((name) => forbidName(name) === form);
}

/** Returns whether two people are the same person, by any names of both. */
export function isSamePerson(
  a: Pick<Decider, 'by' | 'names'>,
  b: Pick<Decider, 'by' | 'names'>,
  version: number,
): boolean {
  return [a.by, ...a.names].some((subject) => isOneOf(subject, b, version));
}

function asWritten(name: string): string {
  return name;
}

/** Returns the refusal of everything that comes after an inquiry has ended; null while it is open. */
export function closedVerdict({ status, votes }: Pick<RuledInquiry, 'status' | 'votes'>): Refused | null {
  if (status === 'pending') return null;
  if (status === 'expired') return refused('expired', 'nobody decided in time');
  if (status === 'cancelled') return refused('withdrawn', 'the question was withdrawn');
  return refused('already_decided', `${status} already, by ${votes.map(({ by }) => by).join(', ')}`);
}

function counted(request: InquiryRequest, votes: readonly Vote[], { outcome }: InquiryOption): Verdict {
  const count = votes.filter((vote) => vote.outcome === outcome).length + 1;
  if (outcome === 'approve') {
    return count >= request.quorum ? { result: 'decided', outcome: 'approved' } : { result: 'counted' };
  }
  return count >= request.deny_quorum ? { result: 'decided', outcome: 'denied' } : { result: 'counted' };
}

function refused(reason: RefusalReason, message: string): Refused {
  return { result: 'refused', reason, message };
}

/** Returns the vote of a decision for one of the options of a request. */
export function buildVote({ options }: Pick<InquiryRequest, 'options'>, decision: Decision): Vote {
  const { id, by, option, response, comment, channel, at, bound_to, override, on_behalf_of } = decision;
  const { outcome } = options.find(({ ref }) => ref === option)!;
  const vote: Vote = { id, by, option, response, comment, channel, at, outcome, bound_to };
  if (override === true) vote.override = override;
  else if (on_behalf_of !== undefined) vote.on_behalf_of = on_behalf_of;
  return vote;
}

/** Returns where a response does not match the schema of the form, for a run of an interpreter version. */
export function formIssues(
  schema: JsonObject,
  response: Json,
  version: number,
  meter?: WorkMeter,
): { path: string; message: string }[] {
  try {
    return mismatches(version, schema, response, '/response', meter);
  } catch (error) {
    if (error instanceof ReplayExceeded) throw error;
    // A schema that a template rendered may be invalid; no decision may rest on it.
    return [{ path: '/response', message: `cannot be checked: ${(error as Error).message}` }];
  }
}
