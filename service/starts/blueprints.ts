import { randomUUID } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import type { CarriedState } from '../../model/carried-state.ts';
import { jsonSize } from '../../model/json.ts';
import { type Principal, subjectsOf } from '../../model/principal.ts';
import {
  INTERPRETER_VERSION,
  MAX_PAYLOAD_BYTES,
  type Parameters,
  type RunInput,
  type RunMemo,
} from '../../model/run-input.ts';
import type { Trust } from '../../model/statement.ts';
import type { Blueprint } from '../../temporal/starts.ts';
import { createBlind } from '../projections/blinds.ts';
import { writeOnlyPaths } from '../projections/hiding/write-only.ts';
import { concurrencyFor } from './concurrency.ts';
import { completeInput } from './inputs.ts';
import type { ResolvedStart, StartCommand } from './start-command.ts';

// The only place that builds the input and the memo of a run. Sub-workflows get theirs from the run above them, in the interpreter.

/** Stands for the number of a run that a schedule starts: the run derives its number from its workflow id. */
const UNNUMBERED = -1;

/** The number of a run, or the schedule that starts it and that its number is derived from. */
export type RunIdentity = { n: number } | { schedule: string };

/** The parts of a run that do not depend on what it runs. */
interface BlueprintContext {
  principal: Principal;
  /** The keys whose statements the run accepts. */
  trust: Trust;
}

/**
 * Builds what a run of a workflow is started with. Throws `input_invalid` for an input that does not match the schema of the workflow,
 * or that is too large together with the definition.
 */
export function buildStart(
  { principal, trust }: BlueprintContext,
  command: StartCommand,
  resolved: ResolvedStart,
  identity: RunIdentity,
): Blueprint {
  const { ref, enforcement = null, cause, tags = [], mode, memo: callersMemo, starters = [], scheduled } = command;
  const { definition, version, revision, hash, definitionId, outSchema, actions, workflows } = resolved;
  const input = completeInput(command.input, command.inputField, resolved.paramSchema);
  const writeOnly = writeOnlyPaths(resolved.paramSchema);
  const turn = concurrencyFor({ definition, ref, version }, input, command.inputField);
  const bySchedule = 'schedule' in identity;
  const n = bySchedule ? UNNUMBERED : identity.n;
  const run: RunInput = {
    interpreter: INTERPRETER_VERSION,
    n,
    ref,
    version,
    revision,
    hash,
    definition,
    actions,
    ...(bySchedule ? { schedule: identity.schedule } : { seed: randomUUID() }),
    ...(scheduled === undefined ? {} : { scheduled }),
    ...(writeOnly.length === 0 ? {} : { write_only: writeOnly }),
    ...(outSchema === null ? {} : { out_schema: outSchema }),
    starters: withStarter(starters, principal),
    tenant: principal.tenant,
    blind: createBlind(),
    trust,
    ...(Object.keys(workflows).length === 0 ? {} : { workflows }),
  };
  const memo: RunMemo = {
    n,
    tenant: principal.tenant,
    ref,
    revision,
    definition_id: definitionId,
    enforcement,
    parent: null,
    tags,
    executor: principal.id,
    owner: principal.subject,
    actions: Object.keys(actions),
    ...(bySchedule ? { schedule: identity.schedule, mode: 'internal' } : mode === undefined ? {} : { mode }),
    ...(cause === undefined ? {} : { cause }),
    ...(callersMemo === undefined ? {} : { memo: callersMemo }),
    ...(writeOnly.length === 0 ? {} : { hides: true }),
    ...(turn === undefined ? {} : { turn }),
    ...(definition.on_failure === undefined ? {} : { on_failure: definition.on_failure }),
  };
  return fitting({ input, run, memo, summary: summaryOf(run) }, command.inputField);
}

/** A run that has ended, with the state that a new run continues from. */
export interface Continuation {
  /** The input with which the run was started; its definition may be that of another version by now. */
  run: RunInput;
  memo: RunMemo;
  input: Parameters;
  /** The seed of the run; the new one draws the same random values again. */
  seed: string;
  carried: CarriedState;
}

/**
 * Builds what a run is started with that continues from the state of one that has ended. Throws `input_invalid` where both are too
 * large together.
 */
export function buildContinuation(
  { principal, trust }: BlueprintContext,
  { run: ended, memo: endedMemo, input, seed, carried }: Continuation,
  n: number,
): Blueprint {
  const { schedule: _, turn: __, ...kept } = ended;
  const run: RunInput = {
    ...kept,
    interpreter: INTERPRETER_VERSION,
    n,
    starters: withStarter(ended.starters ?? [endedMemo.owner], principal),
    lineage: randomUUID(),
    seed,
    carried,
    tenant: principal.tenant,
    blind: ended.blind ?? createBlind(),
    trust,
  };
  const { parent_task: ___, schedule: ____, retry_reason: _____, plan_hash: ______, ...keptMemo } = endedMemo;
  const memo: RunMemo = {
    ...keptMemo,
    n,
    revision: run.revision,
    parent: null,
    executor: principal.id,
    owner: principal.subject,
    actions: Object.keys(run.actions),
    turn: concurrencyFor(run, input, 'input'),
    on_failure: run.definition.on_failure,
  };
  return fitting({ input, run, memo, summary: summaryOf(run) }, 'from');
}

function withStarter(starters: readonly string[], principal: Principal): string[] {
  return [...new Set([...starters, ...subjectsOf(principal)])];
}

function summaryOf({ ref, version, revision }: RunInput): string {
  return revision === 0 ? ref : `${ref} ${version}`;
}

/** Returns the blueprint. Throws `input_invalid` if it does not fit into a payload; `field` is the field of the request to blame. */
function fitting(blueprint: Blueprint, field: string): Blueprint {
  const bytes = jsonSize([blueprint.input, blueprint.run]);
  if (bytes <= MAX_PAYLOAD_BYTES) return blueprint;
  const message = `is too large: with the definition it has ${bytes} bytes; at most ${MAX_PAYLOAD_BYTES} are allowed`;
  const issues = [{ code: 'too_large', path: `/${field}`, message }];
  throw new AppError('input_invalid', `/${field} ${message}`, { issues });
}
