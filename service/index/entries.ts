import { derivedNumber, isRunNumber, workflowIdOf } from '../../model/execution-id.ts';
import type { Failure } from '../../model/failure.ts';
import { INDEXED_TEXT, type IndexEntry } from '../../model/index-entry.ts';
import type { Json } from '../../model/json.ts';
import type { RunMemo } from '../../model/run-input.ts';
import type { RunReport } from '../../model/run-report.ts';
import { startersIn } from '../../model/run-starters.ts';
import { firstHoldup, type Holdup, isHeldUp } from '../../model/status.ts';
import { boundedText } from '../../model/text.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { timestampMilliseconds } from '../../projection/payload.ts';
import { type Closing, readClosing } from '../../projection/runs/closing.ts';
import { readMemo } from '../../projection/runs/memo.ts';
import type { IndexRow } from '../../store/executions/execution-rows.ts';
import type { RunInfo } from '../../temporal/gateway.ts';
import { sha256Hex } from '../access/hash.ts';
import type { MaskedExecution } from '../projections/masks.ts';
import { computeFingerprint } from './fingerprints.ts';

/** The most UTF-16 units of the name of another client's workflow; Fermata's have at most 200. */
const MAX_FOREIGN_TYPE = 400;

/** Returns when a run started and closed, in milliseconds; 0 for a time that is unknown. */
export function timesOf(info: RunInfo): { started: number; closed: number } {
  return { started: timestampMilliseconds(info.startTime), closed: timestampMilliseconds(info.closeTime) };
}

/** Makes the entry of an open run from visibility or describe. */
export function openEntry(namespace: string, info: RunInfo, cancelRequested = false): IndexEntry {
  const started = new Date(timestampMilliseconds(info.startTime));
  return {
    ...common(namespace, info.execution?.workflowId ?? '', info.type?.name ?? '', readMemo(info.memo)),
    runId: info.firstRunId || info.execution?.runId || null,
    status: cancelRequested ? 'canceling' : 'running',
    waiting: null,
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

/** Makes the entry of an open run from the report of its worker. */
export function reportedEntry(namespace: string, report: RunReport): IndexEntry {
  const { workflowId, firstRunId, runId, workflowType, memo, started, at, historyLength, status, asked } = report;
  return {
    ...common(namespace, workflowId, workflowType, memo),
    runId: firstRunId,
    status,
    // A worker of an earlier release does not report it.
    waiting: report.waiting ?? null,
    input: null,
    closed: null,
    asked,
    ...outcomeOf(null),
    created: new Date(started),
    updated: new Date(at),
    version: { start: started, run: runId, closed: false, event: historyLength },
  };
}

/** Makes the entry of a closed run from visibility or describe, and its close event. */
export function closedEntry(namespace: string, info: RunInfo, event: HistoryEvent): IndexEntry {
  const closing = readClosing(event, readMemo(info.memo) !== null);
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

/** Makes the entry of a run from its projection. */
export function buildEntry(namespace: string, execution: MaskedExecution, currentRunId: string): IndexEntry {
  const { workflowId, workflowType, memo, status, created, updated, closed } = execution;
  return {
    ...common(namespace, workflowId, workflowType, memo),
    runId: execution.runId,
    status,
    waiting: holdupOf(execution),
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

/** Finds what holds up a run that is paused or waiting; null for any other. A task that is paused in Temporal does not hold up its run. */
function holdupOf({ status, waitingFor }: MaskedExecution): Holdup | null {
  if (!isHeldUp(status)) return null;
  return firstHoldup(waitingFor.filter(({ kind, task }) => kind !== 'pause' || task === null).map(({ kind }) => kind));
}

/** Serializes a value, truncated to what the index stores. */
export function indexed(value: Json): string {
  return JSON.stringify(value).slice(0, INDEXED_TEXT);
}

/** Returns the error code of a failure: its own, such as `HTTP_503`, or its type in capitals. */
export function errorCode(failure: Failure): string {
  return failure.code ?? failure.type.toUpperCase();
}

/** Makes the entry of an open run that Temporal no longer has: how it ended cannot be found out. */
export function goneEntry(row: IndexRow, at: Date): IndexEntry {
  const { namespace, workflowId, n, runId, tenant, ref, revision, definition, pack, actions, parent, enforcement } =
    row;
  const { executor, owner, starters, tags, mode, retryOf, created, versionStart, versionRun, versionEvent } = row;
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
    starters,
    tags,
    mode,
    retryOf,
    created,
    input: null,
    status: 'terminated',
    waiting: null,
    ...outcomeOf({ output: null, failure: { type: 'gone', message: 'Temporal no longer has this run' } }),
    updated: at,
    closed: at,
    version: { start: versionStart, run: versionRun, closed: true, event: versionEvent },
  };
}

/** `stopMessage`: see `Execution`. A run that is read and one whose last event alone is known are to be in one group of errors. */
function outcomeOf(
  closing: (Pick<Closing, 'output' | 'failure'> & { stopMessage?: string }) | null,
): Pick<IndexEntry, 'result' | 'error' | 'errorCode' | 'errorTask' | 'fingerprint' | 'errorType'> {
  if (closing === null) return { result: null, ...NO_ERROR };
  const { output, failure, stopMessage } = closing;
  if (failure === null) return { result: indexed(output), ...NO_ERROR };
  const { type, message, task = null } = failure;
  const code = errorCode(failure);
  return {
    result: indexed({ error: message, error_code: code }),
    error: message,
    errorCode: code,
    errorType: type,
    errorTask: task,
    fingerprint: computeFingerprint({ code, task, message: stopMessage ?? message }),
  };
}

/** These fields of a run without an error. */
const NO_ERROR = { error: null, errorCode: null, errorTask: null, fingerprint: null };

function numberOf(namespace: string, workflowId: string, memo: RunMemo | null): number {
  // Accept the number in a memo only for the workflow id that it belongs to.
  if (memo !== null && isRunNumber(memo.n) && workflowIdOf(memo.n) === workflowId) return memo.n;
  // A run of a schedule derives its number from its workflow id alone, see interpreter/identity.ts.
  return derivedNumber(sha256Hex(memo?.schedule === undefined ? `${namespace}\n${workflowId}` : workflowId));
}

function common(namespace: string, workflowId: string, type: string, memo: RunMemo | null) {
  // Another client's workflow may have a name that is too long for an index of the database.
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
    starters: startersIn(memo?.warrant),
    tags: memo?.tags ?? [],
    mode: memo?.mode ?? null,
    retryOf: memo?.retry_of ?? null,
    ...(memo?.turn === undefined ? {} : { turn: memo.turn }),
    // A run that was started for a failure has no hook.
    ...(memo?.on_failure === undefined || memo.mode === 'error' ? {} : { onFailure: memo.on_failure }),
  };
}
