import type { Command } from '../interpreter/events.ts';
import { verifyStatements } from '../interpreter/ledger.ts';
import { startContent } from '../interpreter/signatures.ts';
import { SIGNED_STATEMENTS } from '../interpreter/versions.ts';
import { warrantFault } from '../interpreter/warrants.ts';
import type { Execution } from '../model/execution.ts';
import { deriveUuid, integerId, parseExecutionId, workflowIdOf } from '../model/execution-id.ts';
import { canonicalJson, type Json } from '../model/json.ts';
import type { LedgerFinding, LedgerKey } from '../model/ledger.ts';
import { isRunInput, type RunInput } from '../model/run-input.ts';
import type { HistoryEvent } from './history.ts';
import { buildLedger, createStatementReader } from './ledger.ts';
import { decodeArguments, isSealed, type ProtoPayload } from './payload.ts';
import { createProjection } from './project.ts';
import { readOpening } from './runs/opening.ts';

// Checks histories of runs without a server, by replaying them through the interpreter.

/** The history of one run, or of the runs of a chain in order. */
type History = readonly HistoryEvent[];

/** An execution that Fermata knows. */
type Known = Execution & { run: RunInput };

/** A chain whose history was read: `execution` is null where nothing could be recomputed. */
interface Recomputed {
  execution: Known | null;
  children: Map<string, Child>;
  findings: LedgerFinding[];
}

type Child = Extract<Command, { type: 'child' }>;

/** The execution above another one, its command to start that one, and the result that it received; undefined: it received none. */
interface Parent {
  execution: Known;
  child: Child;
  result: Json | undefined;
}

/**
 * Checks histories against published keys: that the API started each execution, that each execution took the course that the
 * interpreter computes, and every statement and question of it as `verifyLedger` does. The histories may be in any order; those of a
 * chain and of sub-workflows belong together. Nothing that is encrypted or missing counts as verified. Pure.
 */
export function verifyHistories(histories: readonly History[], keys: readonly LedgerKey[]): LedgerFinding[] {
  const chains = new Map<string, History[]>();
  for (const history of histories) {
    const chain = startedOf(history)?.firstExecutionRunId || `${chains.size}`;
    chains.set(chain, [...(chains.get(chain) ?? []), history]);
  }
  const recomputed = [...chains.values()].map((runs) => recompute(runs.sort(byStart).flat(), keys));
  const starts = new Map<number, LedgerFinding>();
  const above = new Map<string, Parent>();
  for (const { execution, children } of recomputed) {
    for (const [workflowId, child] of execution === null ? [] : children) {
      const task = execution?.tasks.find((each) => each.child === workflowId);
      above.set(workflowId, {
        execution: execution!,
        child,
        result: task?.status === 'completed' ? task.output : undefined,
      });
    }
  }
  /** Finds how an execution was started: by the API, or by an execution whose history is there too. */
  const startOf = (execution: Known): LedgerFinding => {
    const id = integerId(execution.run.n);
    const known = starts.get(id);
    if (known !== undefined) return known;
    // Executions that start each other in a circle have no start.
    starts.set(id, startFinding(id, execution, 'not recomputable', 'parent_missing'));
    const parent = above.get(execution.workflowId);
    const isRoot = (execution.run.depth ?? 0) === 0;
    const found = isRoot
      ? rootFinding(execution, keys)
      : parent === undefined
        ? startFinding(id, execution, 'not recomputable', 'parent_missing')
        : childFinding(execution, parent, startOf(parent.execution));
    starts.set(id, found);
    return found;
  };
  const there = new Set(recomputed.map(({ execution }) => execution?.workflowId));
  return recomputed.flatMap(({ execution, children, findings }) => {
    if (execution === null) return findings;
    // The decisions in a sub-workflow decide its result.
    const missing = execution.digest === null ? [] : [...children.keys()].filter((child) => !there.has(child));
    return [
      startOf(execution),
      ...findings,
      ...missing.map((child) => courseFinding(integerOf(child), 'not recomputable', 'history_missing')),
    ];
  });
}

/** Runs the interpreter over the history of a chain. */
function recompute(events: History, keys: readonly LedgerKey[]): Recomputed {
  const first = events[0];
  const started = startedOf(events);
  const children = new Map<string, Child>();
  const nothing = (id: number, result: LedgerFinding['result'], reason: string): Recomputed => ({
    execution: null,
    children,
    findings: [courseFinding(id, result, reason)],
  });
  if (first === undefined || !started) return nothing(0, 'failed', 'events_missing');
  const [, second] = decodeArguments(started.input);
  const workflowId = started.workflowId || (isRunInput(second) ? workflowIdOf(second.n) : '');
  const { run, known } = readOpening(workflowId, first, started);
  const id = run === null ? integerOf(workflowId) : integerId(run.n);
  if (events.some(holdsSealed)) return nothing(id, 'not recomputable', 'sealed');
  if (run === null) return nothing(id, 'failed', 'foreign');
  if (known === null) return nothing(id, 'not recomputable', 'interpreter_unknown');
  if (started.continuedExecutionRunId) return nothing(id, 'not recomputable', 'chain_incomplete');
  const gap = gapIn(events);
  if (gap !== null) return nothing(id, gap === 'chain_incomplete' ? 'not recomputable' : 'failed', gap);
  const projection = createProjection(workflowId, {
    onCommand: (command) => {
      if (command.type === 'child') children.set(workflowIdOf(command.n), command);
    },
  });
  for (const event of events) projection.take(event);
  const shown = projection.execution();
  if (shown.projection !== 'complete') return nothing(id, 'failed', 'diverged');
  const execution = { ...shown, run };
  const reader = createStatementReader(execution);
  for (const event of events) reader.take(event);
  const findings = [
    courseFinding(id, 'verified', null),
    ...verifyStatements(buildLedger(execution, reader.sent), keys),
  ];
  return { execution, children, findings };
}

/** Finds whether the API started an execution with exactly the input in its history. */
function rootFinding(execution: Known, keys: readonly LedgerKey[]): LedgerFinding {
  const { run, memo, startContent: content } = execution;
  const { n, ref, schedule = null, starters = [], tenant = '', interpreter } = run;
  const id = integerId(n);
  if (interpreter < SIGNED_STATEMENTS) return startFinding(id, execution, 'not recomputable', 'unsigned');
  const about = { tenant, uuid: deriveUuid(n), schedule, ref, starters };
  const fault = warrantFault(memo?.warrant ?? null, about, content ?? '', (kid) => keys.find((key) => key.kid === kid));
  return startFinding(id, execution, fault === null ? 'verified' : 'failed', fault);
}

/** Finds whether a sub-workflow was started as the execution above it commanded, and whether that execution received its result. */
function childFinding(
  execution: Known,
  { child, result }: Pick<Parent, 'child' | 'result'>,
  above: LedgerFinding,
): LedgerFinding {
  const id = integerId(execution.run.n);
  const commanded = JSON.parse(JSON.stringify([child.input, child.run])) as Json[];
  const same = startContent(commanded[0]!, commanded[1]!) === contentOf(execution);
  if (!same) return startFinding(id, execution, 'failed', 'altered');
  if (result !== undefined && canonicalJson(result) !== canonicalJson(execution.output)) {
    return startFinding(id, execution, 'failed', 'result_differs');
  }
  return startFinding(id, execution, above.result, above.reason);
}

function contentOf({ input, run }: { input: Json; run: RunInput }): string {
  return startContent(input, run as unknown as Json);
}

function startFinding(
  id: number,
  execution: Known | null,
  result: LedgerFinding['result'],
  reason: string | null,
): LedgerFinding {
  const by = execution?.run.starters?.[0] ?? null;
  return { execution: id, subject: 'start', inquiry: null, by, result, reason };
}

function courseFinding(id: number, result: LedgerFinding['result'], reason: string | null): LedgerFinding {
  return { execution: id, subject: 'course', inquiry: null, by: null, result, reason };
}

function startedOf(history: History) {
  return history[0]?.workflowExecutionStartedEventAttributes;
}

function byStart(a: History, b: History): number {
  const time = ([first]: History) => Number(first?.eventTime?.seconds ?? 0) * 1e9 + (first?.eventTime?.nanos ?? 0);
  return time(a) - time(b);
}

function integerOf(workflowId: string): number {
  const parsed = parseExecutionId(workflowId);
  return parsed === undefined ? 0 : integerId(parsed.n);
}

/**
 * Returns what is wrong with the order of a chain's events; null: nothing. Each run numbers its events from 1, and begins with the input
 * that the run before it passed on.
 */
function gapIn(events: History): 'events_missing' | 'chain_incomplete' | 'altered' | null {
  let expected = 1;
  let next: HistoryEvent['workflowExecutionContinuedAsNewEventAttributes'] = null;
  for (const event of events) {
    const started = event.workflowExecutionStartedEventAttributes;
    if (started && expected > 1) {
      if (!next || next.newExecutionRunId !== started.originalExecutionRunId) return 'chain_incomplete';
      const [given, taken] = [next.input, started.input].map((input) => canonicalJson(decodeArguments(input)));
      if (given !== taken) return 'altered';
      expected = 1;
    } else if (next) return 'events_missing';
    if (Number(event.eventId) !== expected) return 'events_missing';
    expected += 1;
    next = event.workflowExecutionContinuedAsNewEventAttributes;
  }
  return next ? 'chain_incomplete' : null;
}

/** Returns whether anything in a history is a payload that cannot be read. */
function holdsSealed(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  if ('metadata' in value && 'data' in value && isSealed(value as ProtoPayload)) return true;
  return Object.values(value).some(holdsSealed);
}
