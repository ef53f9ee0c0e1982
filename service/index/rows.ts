import type { Cause } from '../../model/events/cause.ts';
import { integerId } from '../../model/execution-id.ts';
import type { IndexEntry, IndexVersion } from '../../model/index-entry.ts';
import type { Json } from '../../model/json.ts';
import { OWN_TASK_QUEUE } from '../../model/run-input.ts';
import type { StartMode } from '../../model/run-mode.ts';
import type { ExecutionStatus, Holdup, TaskState } from '../../model/status.ts';
import type { WorkflowName } from '../../store/definitions/definitions.ts';
import type { IndexRow } from '../../store/executions/execution-rows.ts';
import { fromMaskedData, type MaskedExecution } from '../projections/masks.ts';

/** An execution as lists show it: a run, or a task of one. */
export interface ListedExecution {
  id: number;
  ref: string;
  status: ExecutionStatus;
  state: ExecutionStatus | TaskState;
  parent: number | null;
  enforcement: number | null;
  created: Date;
  updated: Date;
  /** Absent for a task. */
  more?: RunDetails;
}

/** Details of a run that its row in the index has. */
export interface RunDetails {
  revision: number | null;
  mode: StartMode | null;
  tags: string[];
  closed: Date | null;
  waiting: Holdup | null;
  errorCode: string | null;
  error: string | null;
  /** The subject that started it; null: unknown. */
  owner: string | null;
  /** Its workflow, as far as that was asked for and is still stored. */
  workflow: WorkflowName | undefined;
  /** The rule that has started it, and for which event, as far as that was asked for; null: no rule of Fermata did. */
  cause: Cause | null;
}

/** Makes an execution from its row in the index and its cause, for a run that Temporal does not have yet, or no longer has. */
export function executionOfRow(row: IndexRow, cause?: Cause): MaskedExecution {
  const failure = row.error === null ? null : { type: (row.errorCode ?? '').toLowerCase(), message: row.error };
  return fromMaskedData({
    workflowId: row.workflowId,
    runId: row.runId ?? '',
    workflowType: row.ref,
    taskQueue: OWN_TASK_QUEUE,
    status: row.status satisfies ExecutionStatus,
    memo: {
      n: row.n,
      tenant: row.tenant ?? '',
      ref: row.ref,
      revision: row.revision ?? 0,
      definition_id: row.definition,
      executor: row.executor ?? 0,
      owner: row.owner ?? '',
      enforcement: row.enforcement,
      parent: row.parent,
      tags: row.tags,
      actions: row.actions,
      ...(row.mode === null ? {} : { mode: row.mode }),
      ...(row.retryOf === null ? {} : { retry_of: row.retryOf }),
      ...(cause === undefined ? {} : { cause }),
    },
    run: null,
    input: parsedOrText(row.input),
    output: failure === null ? parsedOrText(row.result) : null,
    failure,
    also: [],
    pendingFailure: null,
    created: row.created.toISOString(),
    updated: row.updated.toISOString(),
    closed: row.closed?.toISOString() ?? null,
    tasks: [],
    children: [],
    variables: {},
    waitingFor: [],
    signals: [],
    inquiries: [],
    controls: [],
    digest: null,
    authentic: null,
    startContent: null,
    trust: null,
    statements: null,
    signalsDropped: 0,
    signalsRefused: [],
    projection: 'partial',
    divergence: null,
    runStarted: new Date(row.versionStart).toISOString(),
    lastEventId: row.versionEvent,
    ...(row.starters === null ? {} : { starters: row.starters }),
    // A row without a version belongs to a run that Temporal has not received yet.
    ...(row.versionRun === '' ? {} : { expired: true as const }),
  });
}

/** Makes the list entry of a run, with the name of its workflow and its cause if these were read. */
export function listedRun(row: IndexRow, workflow?: WorkflowName, cause: Cause | null = null): ListedExecution {
  const { n, ref, status, parent, enforcement, created, updated } = row;
  const { revision, mode, tags, closed, waiting, errorCode, error, owner } = row;
  const more = { revision, mode, tags, closed, waiting, errorCode, error, owner, workflow, cause };
  return { id: integerId(n), ref, status, state: status, parent, enforcement, created, updated, more };
}

/** Reports whether a row has everything that an entry says, so that writing the entry would change nothing. */
export function isWritten(row: IndexRow, entry: IndexEntry): boolean {
  const { version, asked = 0, turn: _, onFailure: __, errorType: ___, ...told } = entry;
  const fields = { ...told, starters: told.starters ?? row.starters };
  const { versionStart: start, versionRun: run, versionClosed, versionEvent: event } = row;
  const text = (value: unknown) => JSON.stringify(value);
  return (
    asked <= row.asked &&
    text(version) === text({ start, run, closed: versionClosed === 1, event } satisfies IndexVersion) &&
    Object.entries(fields).every(([name, value]) => text(value) === text(row[name as keyof typeof fields]))
  );
}

/** Parses a text of the index as JSON; returns the text itself if the index has truncated it. */
export function parsedOrText(text: string | null): Json {
  if (text === null) return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
