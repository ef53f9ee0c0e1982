import { hashOfDefinition } from '../../interpreter/digest.ts';
import { AppError } from '../../model/app-error.ts';
import { integerId } from '../../model/execution-id.ts';
import { inquiryId } from '../../model/inquiry-id.ts';
import type { Issue } from '../../model/issue.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import { PLAN_PARTS, type PlannedRetry, type PlanPart } from '../../model/retry-plan.ts';
import type { Parameters, RunInput } from '../../model/run-input.ts';
import { executionKey } from '../../model/task-key.ts';
import { sha256Hex } from '../access/hash.ts';
import type { LastEvent } from '../projections/jobs.ts';
import type { RetryOutline } from '../projections/retry-outlines.ts';
import type { RetriedRun } from './preparations.ts';

/** Everything that a plan is made of. */
export interface PlanSources {
  principal: Principal;
  view: RetriedRun;
  from: string;
  outline: RetryOutline;
  last: LastEvent;
  /** The arguments with which the run was started, and those of the retry. */
  base: { run: RunInput; input: Json };
  target: { run: RunInput; input: Parameters };
  /** Whether the input of the retry was given with the request. */
  isInputGiven: boolean;
  /** Why the retry would be refused. */
  problems: Issue[];
}

/** The digits of the hash of each part of a plan, and of the request; all of them are the hash of the plan. */
const PART_DIGITS = 10;
const REQUEST_DIGITS = 64 - PLAN_PARTS.length * PART_DIGITS;

/** A plan, with its hash even where nobody may use that. */
export interface HashedPlan {
  plan: PlannedRetry;
  hash: string;
}

/** Composes a plan. Pure. */
export function composePlan(sources: PlanSources): HashedPlan {
  const { view, from, outline, last, base, target, problems } = sources;
  const { counts, kept, again, dropped, effects, simulated } = outline;
  const hash = hashPlan(sources);
  const plan: PlannedRetry = {
    hash: problems.length === 0 ? hash : null,
    from,
    base: {
      execution: integerId(view.n),
      state: view.execution.status,
      last_event: last.number,
      ...versionOf(base.run),
      retried_as: retriedAs(view),
    },
    target: { ...versionOf(target.run), input_hash: hashInput(sources) },
    problems: problems.map(({ code, path, message }) => ({ code, path, message })),
    counts,
    kept,
    again,
    dropped,
    effects,
    inquiries: sortInquiries(view, outline),
    simulated,
  };
  return { plan, hash };
}

/**
 * Demands that a plan is still the one with a hash. Throws `plan_stale`, with the plan and what has changed: nothing of that where the
 * request itself is another one.
 */
export function demandPlanned({ plan, hash }: HashedPlan, planned: string): void {
  if (plan.hash !== planned) throw planStale(plan, findChanged(hash, planned));
}

/** Returns the refusal to start what was planned. */
export function planStale(plan: PlannedRetry, changed: PlanPart[]): AppError {
  const what = changed.length === 0 ? 'it was made for another request' : `changed since: ${changed.join(', ')}`;
  return new AppError('plan_stale', `the plan is out of date: ${what}`, { details: { plan, changed } });
}

function findChanged(hash: string, planned: string): PlanPart[] {
  return PLAN_PARTS.filter((_, at) => {
    const [begin, end] = [at * PART_DIGITS, (at + 1) * PART_DIGITS];
    return hash.slice(begin, end) !== planned.slice(begin, end);
  });
}

function hashPlan(sources: PlanSources): string {
  const { principal, view, from, outline, last, target } = sources;
  const { workflows = {} } = target.run;
  const parts: Record<PlanPart, Json> = {
    history: [integerId(view.n), last.runId, last.number],
    definition: [hashOfDefinition(target.run), ...Object.entries(workflows).map(([ref, { hash }]) => [ref, hash])],
    input: hashInput(sources),
    retries: retriedAs(view),
    actions: [target.run.actions, ...Object.values(workflows).map(({ actions }) => actions)] as unknown as Json,
  };
  const request: Json = [principal.subject, from, { ...outline.keys }];
  const digits = (part: Json, count: number) => sha256Hex(canonicalJson(part)).slice(0, count);
  return PLAN_PARTS.map((name) => digits(parts[name], PART_DIGITS)).join('') + digits(request, REQUEST_DIGITS);
}

/**
 * Hashes the input with what only the run knows, so that hidden values cannot be guessed, and with whether it was given, so that no guess
 * has the hash of the hidden input.
 */
function hashInput({ base: { run }, target: { input }, isInputGiven }: PlanSources): string {
  return sha256Hex(canonicalJson({ blind: run.blind ?? run.seed ?? null, input, given: isInputGiven }));
}

function versionOf(run: RunInput): { version: string; revision: number; definition_hash: string } {
  return { version: run.version, revision: run.revision, definition_hash: hashOfDefinition(run) };
}

function retriedAs({ n, retries }: RetriedRun): number[] {
  return retries.filter(({ of }) => of === integerId(n)).map(({ id }) => id);
}

/** Returns the ids of the inquiries whose decisions are kept, and of those about work that runs again. */
function sortInquiries({ n, execution }: RetriedRun, { keys, inquiries }: RetryOutline): PlannedRetry['inquiries'] {
  const kept = new Set(inquiries);
  const again = new Set(keys.again);
  const { inquiries: asked } = execution;
  return {
    kept: asked.filter(({ key }) => kept.has(key)).map((each) => inquiryId(n, each)),
    asked_again: asked
      .filter(({ key }) => !kept.has(key) && again.has(executionKey(key)))
      .map((each) => inquiryId(n, each)),
  };
}
