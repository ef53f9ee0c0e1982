import { derivedNumber, isRunNumber, workflowIdOf } from '../../model/execution-id.ts';
import type { Failure } from '../../model/failure.ts';
import { INDEXED_TEXT, type IndexEntry } from '../../model/index-entry.ts';
import type { Json } from '../../model/json.ts';
import type { RunMemo } from '../../model/run-input.ts';
import type { RunReport } from '../../model/run-report.ts';
import { boundedText } from '../../model/text.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { timestampMilliseconds } from '../../projection/payload.ts';
import { type Closing, closeOf, memoOf } from '../../projection/project.ts';
import type { IndexRow } from '../../store/executions/executions.ts';
import type { RunInfo } from '../../temporal/gateway.ts';
import { sha256Hex } from '../access/hash.ts';
import type { MaskedExecution } from './masks.ts';

/** Longest name of a workflow that is none of ours, in UTF-16 units; ours have 200 at most. */
const MAX_FOREIGN_TYPE = 400;

/** Temporal's numbers of `WorkflowExecutionStatus` that the index tells apart. */
export const RUNNING = 1;
const CONTINUED_AS_NEW = 6;

/** True for a run that has ended for good: one that was continued as new goes on in its next run. */
export function isClosedRun(info: RunInfo): boolean {
  return info.status !== RUNNING && info.status !== CONTINUED_AS_NEW;
}

/** When a run started and closed, in milliseconds; 0 for a time that is not there. */
export function timesOf(info: RunInfo): { started: number; closed: number } {
  return { started: timestampMilliseconds(info.startTime), closed: timestampMilliseconds(info.closeTime) };
}

/** The entry of an open run, from visibility or describe. */
export function openEntry(namespace: string, info: RunInfo, cancelRequested = false): IndexEntry {
  const started = new Date(timestampMilliseconds(info.startTime));
  return {
    ...common(namespace, info.execution?.workflowId ?? '', info.type?.name ?? '', memoOf(info.memo)),
    runId: info.firstRunId || info.execution?.runId || null,
    status: cancelRequested ? 'canceling' : 'running',
    input: null,
    ...outcomeOf(null),
    created: started,
    updated: started,
    closed: null,
    version: {
      start: started.getTime(),
      run: info.execution?.runId ?? '',
      closed: false,
      event: Number(info.historyLength ?? 0),
    },
  };
}

/** The entry of an open run, from what its worker was told. */
export function reportedEntry(namespace: string, report: RunReport): IndexEntry {
  const { workflowId, firstRunId, runId, workflowType, memo, started, at, historyLength, status, asked } = report;
  return {
    ...common(namespace, workflowId, workflowType, memo),
    runId: firstRunId,
    status,
    input: null,
    closed: null,
    asked,
    ...outcomeOf(null),
    created: new Date(started),
    updated: new Date(at),
    version: { start: started, run: runId, closed: false, event: historyLength },
  };
}

/** The entry of a closed run, from visibility or describe and its close event. */
export function closedEntry(namespace: string, info: RunInfo, event: HistoryEvent): IndexEntry {
  const closing = closeOf(event, memoOf(info.memo) !== null);
  const open = openEntry(namespace, info);
  if (closing === null) return open;
  const closed = new Date(timestampMilliseconds(event.eventTime));
  return {
    ...open,
    status: closing.status,
    ...outcomeOf(closing),
    updated: closed,
    closed,
    version: { ...open.version, closed: true, event: Number(event.eventId ?? 0) },
  };
}

/** The entry of a run that was just projected: what a read writes through. */
export function entryOf(namespace: string, execution: MaskedExecution, currentRunId: string): IndexEntry {
  const { workflowId, workflowType, memo, status, created, updated, closed } = execution;
  return {
    ...common(namespace, workflowId, workflowType, memo),
    runId: execution.runId,
    status,
    input: indexed(execution.input),
    ...outcomeOf(closed === null ? null : execution),
    created: new Date(created),
    updated: new Date(updated),
    closed: closed === null ? null : new Date(closed),
    version: {
      start: Date.parse(execution.runStarted),
      run: currentRunId,
      closed: closed !== null,
      event: execution.lastEventId,
    },
  };
}

/** JSON text, as much of it as the index holds. */
export function indexed(value: Json): string {
  return JSON.stringify(value).slice(0, INDEXED_TEXT);
}

/** `ETIMEDOUT`, `HTTP_503`, or the failure's type in capitals. */
export function errorCode(failure: Failure): string {
  return failure.code ?? failure.type.toUpperCase();
}

/** Says that Temporal no longer has the run of a row that was open: how it ended can no longer be found out. */
export function goneEntry(row: IndexRow, at: Date): IndexEntry {
  const { namespace, workflowId, n, runId, tenant, ref, revision, definition, pack, actions, parent, enforcement } =
    row;
  const { executor, owner, tags, mode, retryOf, created, versionStart, versionRun, versionEvent } = row;
  return {
    namespace,
    workflowId,
    n,
    runId,
    tenant,
    ref,
    revision,
    definition,
    pack,
    actions,
    parent,
    enforcement,
    executor,
    owner,
    tags,
    mode,
    retryOf,
    created,
    input: null,
    status: 'terminated',
    ...outcomeOf({ output: null, failure: { type: 'gone', message: 'Temporal no longer has this run' } }),
    updated: at,
    closed: at,
    version: { start: versionStart, run: versionRun, closed: true, event: versionEvent },
  };
}

function outcomeOf(
  closing: Pick<Closing, 'output' | 'failure'> | null,
): Pick<IndexEntry, 'result' | 'error' | 'errorCode'> {
  if (closing === null) return { result: null, error: null, errorCode: null };
  const { output, failure } = closing;
  if (failure === null) return { result: indexed(output), error: null, errorCode: null };
  const code = errorCode(failure);
  return { result: indexed({ error: failure.message, error_code: code }), error: failure.message, errorCode: code };
}

function numberOf(namespace: string, workflowId: string, memo: RunMemo | null): number {
  // Another run's number in a memo makes nobody that run.
  if (memo !== null && isRunNumber(memo.n) && workflowIdOf(memo.n) === workflowId) return memo.n;
  // What a schedule has started knows its workflow id alone, see interpreter/identity.ts.
  return derivedNumber(sha256Hex(memo?.schedule === undefined ? `${namespace}\n${workflowId}` : workflowId));
}

function common(namespace: string, workflowId: string, type: string, memo: RunMemo | null) {
  // A workflow that is none of ours may have a name that no index of the database takes.
  const ref = memo?.ref ?? boundedText(type, MAX_FOREIGN_TYPE);
  return {
    namespace,
    workflowId,
    n: numberOf(namespace, workflowId, memo),
    tenant: memo?.tenant ?? null,
    ref,
    revision: memo?.revision ?? null,
    definition: memo?.definition_id ?? null,
    pack: ref.split('.')[0] ?? ref,
    actions: memo?.actions ?? [],
    parent: memo?.parent ?? null,
    enforcement: memo?.enforcement ?? null,
    executor: memo?.executor ?? null,
    owner: memo?.owner ?? null,
    tags: memo?.tags ?? [],
    mode: memo?.mode ?? null,
    retryOf: memo?.retry_of ?? null,
    ...(memo?.turn === undefined ? {} : { turn: memo.turn }),
    // What was started for a failure starts nothing when it fails itself.
    ...(memo?.on_failure === undefined || memo.mode === 'error' ? {} : { onFailure: memo.on_failure }),
  };
}
