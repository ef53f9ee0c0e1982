import type { Execution } from '../../model/execution.ts';
import type { Json } from '../../model/json.ts';
import { OWN_TASK_QUEUE } from '../../model/run-input.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import type { IndexRow } from '../../store/executions/executions.ts';

/** What the index alone can tell, of a run that Temporal does not have yet, or has no more. */
export function executionOfRow(row: IndexRow): Execution {
  const failure = row.error === null ? null : { type: (row.errorCode ?? '').toLowerCase(), message: row.error };
  return {
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
    // A row without a version is of a run that Temporal is still to get.
    ...(row.versionRun === '' ? {} : { expired: true as const }),
  };
}

/** The JSON of a text that the index may have cut off, or else the text. */
export function parsedOrText(text: string | null): Json {
  if (text === null) return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
