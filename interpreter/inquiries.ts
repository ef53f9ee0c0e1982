import { digest } from '../expression/encoding.ts';
import type { Scope } from '../expression/evaluator.ts';
import { checkInquiryRequest } from '../language/checks/inquiries.ts';
import { publishedBy } from '../language/program.ts';
import { RenderError, renderValue } from '../language/templates/value.ts';
import { engineFailure, type Failure } from '../model/failure.ts';
import {
  DECISION_SIGNAL,
  type Decision,
  type DecisionRecord,
  type Inquiry,
  type InquiryRequest,
  type InquiryStatus,
  inquiryChanges,
  inquiryRequest,
  type PlannedTask,
  parseDecision,
  type Verdict,
} from '../model/inquiry.ts';
import { canonicalJson, type Json, type JsonObject } from '../model/json.ts';
import { SCHEMA_WORK } from '../model/schema/validate.ts';
import type { WorkMeter } from '../model/work.ts';
import { derive } from './derive.ts';
import { digestQuestion, hashOfDefinition, unitsToHash } from './digest.ts';
import { end } from './ends.ts';
import { awaitNext, escalate, requestNow } from './escalation.ts';
import { buildVote, judge } from './inquiry-rules.ts';
import { dropPending } from './pending.ts';
import { createScope } from './scope.ts';
import type { AskedInquiry, Place, RunState, Visit } from './state.ts';
import { demandsStatements, verifyStatement } from './statements.ts';
import { endTry } from './tries.ts';
import { BOUNDED_WORK, DELEGATION, EACH_RESPONSE, ESCALATION, OPTION_FORMS } from './versions.ts';
import { taskOf, workAt } from './visits.ts';
import { createMeter, spendCharged, spendCheck, unitsOf } from './work.ts';

/** The number of decisions that a run keeps; beyond it, refused ones are not kept. */
const MAX_DECISIONS = 10_000;

/** Opens the inquiry of a task and waits for its decision. Returns the failure when it cannot be opened, else null. */
export function askPeople(state: RunState, place: Place, key: string): Failure | null {
  const request = requestOf(state, place);
  const issues = derive(state, 'inquiry', () => checkInquiryRequest(request));
  if (issues.length > 0) {
    const details = issues.map(({ path, message }): Json => ({ path, message }));
    const text = issues.map(({ path, message }) => `input${path} ${message}`).join('; ');
    return engineFailure('input_invalid', `the input is invalid: ${text}`, { details });
  }
  const { timeout } = request;
  const expires = derive(state, 'time', () => (timeout === null ? null : state.now + Math.ceil(timeout * 1000)));
  const inquiry: AskedInquiry = {
    key,
    place,
    request,
    votes: [],
    opened: state.now,
    expires,
    ended: null,
    outcome: null,
    settled: null,
  };
  state.inquiries.set(key, inquiry);
  awaitNext(state, inquiry);
  return null;
}

/**
 * Returns the request of a visit or an item, with the fields that the version of its run knows: the state of an older run must not change.
 */
function requestOf(state: RunState, place: Place): InquiryRequest {
  const { escalate, delegable, ...request } = inquiryRequest(workAt(state, place).input);
  return {
    ...request,
    options: state.version >= OPTION_FORMS ? request.options : request.options.map(({ form: _, ...option }) => option),
    ...(state.version >= ESCALATION && escalate !== undefined ? { escalate } : {}),
    ...(state.version >= DELEGATION && delegable ? { delegable } : {}),
  };
}

/** Takes the payload of a decision signal; whatever it is, the run continues. */
export function takeDecision(state: RunState, payload: Json): void {
  const isTaken = (id: string) => state.decisions.some(({ decision }) => decision.id === id);
  const verified = demandsStatements(state)
    ? verifyStatement(state, DECISION_SIGNAL, payload, 'decision', isTaken)
    : undefined;
  if (verified === null) return;
  const decision = parseDecision(verified?.payload ?? payload);
  // A decision without an id is not kept, since no answer could name it; the same id twice is one decision.
  if (decision === null || isTaken(decision.id)) return;
  const inquiry = state.inquiries.get(decision.inquiry);
  const verdict: Verdict =
    inquiry === undefined
      ? { result: 'refused', reason: 'unknown', message: `there is no inquiry "${decision.inquiry}"` }
      : verdictOn(state, inquiry, decision);
  if (verdict.result !== 'refused' || state.decisions.length < MAX_DECISIONS) {
    const taken = new Date(state.now).toISOString();
    state.decisions.push({ decision, verdict, taken, ...(verified === undefined ? {} : { verified: true as const }) });
  }
  if (verdict.result === 'refused' || inquiry === undefined) return;
  const vote = buildVote(inquiry.request, decision);
  inquiry.votes.push(verified === undefined ? vote : { ...vote, proof: verified.proof });
  if (verdict.result === 'decided') conclude(state, inquiry, verdict.outcome);
}

function verdictOn(state: RunState, inquiry: AskedInquiry, decision: Decision): Verdict {
  const bound = bindingOf(state, inquiry).bound_to;
  const ruled = { ...inquiry, request: requestNow(inquiry), status: statusOf(state, inquiry), bound };
  return derive(state, 'decision', () => {
    const meter = createMeter(state, SCHEMA_WORK);
    const verdict = judge(ruled, decision, state.run.starters ?? [], state.version, meter);
    spendCheck(state, meter);
    return verdict;
  });
}

/** Ends a task by the decision of its people. */
function conclude(state: RunState, inquiry: AskedInquiry, outcome: 'approved' | 'denied'): void {
  const { key, votes, place } = inquiry;
  settle(state, inquiry, outcome);
  dropPending(state, key);
  const word = outcome === 'approved' ? 'approve' : 'deny';
  const deciding = votes.filter((vote) => vote.outcome === word);
  const last = deciding.at(-1)!;
  const result = {
    option: last.option,
    response: last.response,
    decided_by: [...new Set(deciding.map(({ by }) => by))],
    decided_at: new Date(state.now).toISOString(),
    comment: last.comment,
    ...(last.override === true ? { override: true } : {}),
  };
  if (outcome === 'approved') {
    const responses = deciding.map(({ by, response }) => ({ by, response }));
    const answer = { outcome: word, ...result, ...(state.version >= EACH_RESPONSE ? { responses } : {}) };
    end(state, place, { output: derive(state, 'answer', () => answer) });
    return;
  }
  const why = last.comment === null || last.comment === '' ? '' : `: ${last.comment}`;
  const message = `denied by ${result.decided_by.join(', ')}${why}`;
  const denied = derive(state, 'answer', () => engineFailure('denied', message, { details: result }));
  endTry(state, place, denied);
}

/** Takes the timer of an inquiry: asks more people, or ends its task as expired. */
export function takeDue(state: RunState, key: string, place: Place): void {
  const inquiry = state.inquiries.get(key);
  if (inquiry === undefined || escalate(state, inquiry)) return;
  settle(state, inquiry, 'expired');
  const { votes, request } = inquiry;
  const came = votes.filter(({ outcome }) => outcome === 'approve').length;
  const message = came === 0 ? 'nobody decided in time' : `${came} of ${request.quorum} approvals came in time`;
  endTry(
    state,
    place,
    engineFailure('expired', message, { details: { votes: votes.map(({ by, option }) => ({ by, option })) } }),
  );
}

/** Records how an inquiry ended, and the binding that it had then. */
function settle(state: RunState, inquiry: AskedInquiry, outcome: 'approved' | 'denied' | 'expired'): void {
  inquiry.settled = bindingOf(state, inquiry);
  inquiry.ended = state.now;
  inquiry.outcome = outcome;
}

/** Returns the status of an inquiry: one that is no longer awaited and was not decided has been withdrawn. */
export function statusOf(state: RunState, { key, outcome }: AskedInquiry): InquiryStatus {
  if (outcome !== null) return outcome;
  return state.pending.get(key)?.kind === 'inquiry' ? 'pending' : 'cancelled';
}

/**
 * Returns the tasks that approval would run next, with inputs as they would be rendered now. Templates that depend on the decision, on time
 * or on chance are shown as they are written, since their value is not known yet. Tasks in `done` are returned as they stand there.
 */
function planOf(
  state: RunState,
  { place }: AskedInquiry,
  meter: WorkMeter | undefined,
  done: readonly PlannedTask[] = [],
): PlannedTask[] {
  const visit = state.visits[place.visit]!;
  const { transitions } = taskOf(state, visit);
  const targets = transitions.filter(({ on }) => on !== 'failure').flatMap((transition) => transition.targets);
  return [...new Set(targets)].map((name) => {
    const past = done.find(({ task }) => task === name);
    if (past !== undefined) return past;
    const { action, input, index, items } = state.program.tasks.get(name)!;
    const written = state.program.definition.tasks[index]!.input ?? {};
    // Items have no input before the list is rendered.
    if (items !== null) return { task: name, action, input: written, rendered: false };
    try {
      return { task: name, action, input: renderValue(input, certainScope(state, visit, meter)), rendered: true };
    } catch (error) {
      if (!(error instanceof RenderError)) throw error;
      return { task: name, action, input: written, rendered: false };
    }
  });
}

/** Returns the names that templates see after a visit, without those that are unknown before it has ended. */
function certainScope(state: RunState, visit: Visit, meter: WorkMeter | undefined): Scope {
  const { random: _, ...scope } = createScope(state, { visit, variables: visit.variables }, meter);
  const own = publishedBy(taskOf(state, visit));
  const uncertain = new Set(['now', 'uuid', 'item', 'index', 'error', 'variables', 'vars', visit.name, ...own]);
  const lookup = (root: string) => {
    if (uncertain.has(root)) return undefined;
    const value = scope.lookup(root);
    if (root !== 'task' && root !== 'tasks') return value;
    return Object.fromEntries(Object.entries(value as JsonObject).filter(([name]) => name !== visit.name));
  };
  return { ...scope, lookup };
}

/** Everything that a decision is about, and its hash: the definition, the request, and the tasks that approval would run. */
type Binding = NonNullable<AskedInquiry['settled']>;

/**
 * Returns the binding of an inquiry while its run takes an event, and counts the work of that. Tasks in `done` count as they stand there.
 */
function bindingOf(state: RunState, inquiry: AskedInquiry, done?: readonly PlannedTask[]): Binding {
  return derive(state, 'binding', () => {
    const { binding, units } = findBinding(state, inquiry, done);
    spendCharged(state, units);
    return binding;
  });
}

/** Returns the binding that a decision kept by a retry would have now; tasks that it already led to count as they were shown. */
export function bindKeptDecision(state: RunState, inquiry: AskedInquiry): Binding {
  const { place, settled } = inquiry;
  const done = state.visits.filter(({ from, status }) => status !== 'held' && from.includes(place.visit));
  const names = new Set(done.map(({ name }) => name));
  return bindingOf(
    state,
    inquiry,
    settled?.plan.filter(({ task }) => names.has(task)),
  );
}

/**
 * Computes the binding of an inquiry, and the work that it took, without changing the state, so that a reader of the run finds the same.
 */
function findBinding(
  state: RunState,
  inquiry: AskedInquiry,
  done?: readonly PlannedTask[],
): { binding: Binding; units: number } {
  const { run, version, work } = state;
  const meter = version >= BOUNDED_WORK ? createMeter(state, work.limits.visit) : undefined;
  if (state.digest !== null) {
    const plan = planOf(state, inquiry, meter, done);
    const { digest: found, units } = digestQuestion(run, state.digest, { ...inquiry, plan });
    work.replay?.charge(units);
    return { binding: { ...found, plan }, units: unitsOf(meter) + units };
  }
  const definition = hashOfDefinition(run);
  const input = workAt(state, inquiry.place).input;
  const plan = planOf(state, inquiry, meter);
  const text = canonicalJson({ definition, inquiry: inquiry.key, input, plan: plan as unknown as Json });
  const units = unitsToHash(text);
  work.replay?.charge(units);
  return { binding: { bound_to: digest(text, 'sha256'), plan }, units: unitsOf(meter) + units };
}

/** Returns every inquiry of a run, in the order in which they were asked. */
export function projectInquiries(state: RunState): Inquiry[] {
  const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());
  const decisions = new Map<string, DecisionRecord[]>();
  for (const record of state.decisions) {
    const { inquiry } = record.decision;
    const known = decisions.get(inquiry);
    if (known === undefined) decisions.set(inquiry, [record]);
    else known.push(record);
  }
  return [...state.inquiries.values()].map((inquiry) => {
    const { key, place, votes, opened, expires, ended } = inquiry;
    const status = statusOf(state, inquiry);
    return {
      key,
      task: workAt(state, place).key,
      visit: place.visit + 1,
      item: place.item,
      status,
      votes,
      request: requestNow(inquiry),
      escalated: (inquiry.escalated ?? []).map((time) => iso(time)!),
      delegations: inquiry.delegations ?? [],
      decisions: decisions.get(key) ?? [],
      ...(inquiry.settled ?? findBinding(state, inquiry).binding),
      created: iso(opened)!,
      expires_at: iso(expires),
      decided_at: iso(ended),
    };
  });
}

/** Returns how often the inquiries of a run have changed by their own events. */
export function askedCount({ asked, inquiries }: Pick<RunState, 'asked' | 'inquiries'>): number {
  return asked + countChanges([...inquiries.values()]);
}

/** Counts the visits that have ended, on any of which the plans of open inquiries may depend; 0 while none is open. */
export function endedNextToInquiries(state: Pick<RunState, 'inquiries' | 'pending' | 'endings'>): number {
  for (const { key } of state.inquiries.values()) {
    if (state.pending.get(key)?.kind === 'inquiry') return state.endings;
  }
  return 0;
}

/** Returns how often some inquiries have changed. */
export function countChanges(inquiries: readonly AskedInquiry[]): number {
  return inquiryChanges(
    inquiries.map(({ votes, outcome, escalated = [], delegations = [] }) => {
      return { votes, escalated, delegations, ended: outcome !== null };
    }),
  );
}
