import { z } from 'zod';
import type { Execution, TaskExecution } from '../model/execution.ts';
import { integerId } from '../model/execution-id.ts';
import type { Failure } from '../model/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { deriveMode, RUN_MODES, type StartMode } from '../model/run-mode.ts';
import { EXECUTION_STATUSES, type ExecutionStatus, isClosed, isSuccessful, TASK_STATES } from '../model/status.ts';
import { parseTaskKey } from '../model/task-key.ts';
import type { ExecutionView } from '../service/executions/reader.ts';
import { wholeGraph } from '../service/graphs/jobs.ts';
import type { ExecutionPage, RetrySummary } from '../service/index/lists.ts';

// Objects of the MCP executions: their schemas, and the pure functions that fill them.

/** The most connections of a workflow that an execution shows. */
const MAX_CONNECTIONS = 10_000;

const AnyObject = z.record(z.string(), z.any());

/** The id of an execution as an argument of a tool. */
export const executionIdInput = z
  .union([z.number(), z.string().max(200)])
  .describe('Execution id: an integer, a UUID or a workflow id.');

const ModeSchema = z.enum(RUN_MODES);

const SUMMARY = {
  id: z.number(),
  workflowId: z.number().describe('The id of the workflow definition; 0 for an action that was started directly.'),
  ref: z.string().describe('The ref of the workflow or action.'),
  finished: z.boolean(),
  state: z
    .enum(EXECUTION_STATUSES)
    .describe('The detailed state, such as paused, skipped or terminated. A failed execution is finished, too.'),
  mode: ModeSchema,
  startedAt: z.string(),
  stoppedAt: z.string().optional(),
  retryOf: z.number().optional(),
  retrySuccessId: z.number().optional(),
};

const ErrorSchema = z.object({ message: z.string(), description: z.string().optional(), context: z.any().optional() });

const DataSchema = z.object({
  resultData: z.object({
    runData: z
      .record(
        z.string(),
        z.array(
          z.object({
            startTime: z.number().describe('Milliseconds since 1970.'),
            executionTime: z.number().describe('Milliseconds.'),
            data: z.object({ main: z.array(z.array(z.object({ json: AnyObject }))) }),
            error: ErrorSchema.optional(),
            state: z.enum(TASK_STATES).optional().describe('The state of the task after its latest attempt.'),
            recorded: z.literal(false).optional().describe('Whether Temporal has no times of this attempt.'),
          }),
        ),
      )
      .describe('The attempts of each task, by its name.'),
    lastNodeExecuted: z.string(),
    error: z.object({ message: z.string(), stack: z.string().optional(), context: z.any().optional() }).optional(),
  }),
  workflowData: z.object({
    id: z.number(),
    name: z.string(),
    nodes: z.array(AnyObject),
    connections: AnyObject,
    connectionsTotal: z.int().optional().describe('The number of all connections, where some are left out.'),
  }),
});

/** One execution (MCP executions, get_execution). */
export const ToolExecutionSchema = z.object({ ...SUMMARY, data: DataSchema.optional() });

/** A list of executions (MCP executions, list_executions). */
export const ToolExecutionListSchema = z.object({
  data: z.array(ToolExecutionSchema),
  nextCursor: z.string().optional(),
});

type Summary = z.infer<typeof ToolExecutionSchema>;

function common(facts: {
  n: number;
  definition: number | null;
  ref: string;
  status: ExecutionStatus;
  enforcement: number | null;
  parent: number | null;
  mode?: StartMode | null | undefined;
  retryOf: number | null;
  retries: readonly RetrySummary[];
  created: string;
  stopped: string | null;
}): Summary {
  const { n, definition, ref, status, created, stopped, retryOf, retries } = facts;
  const success = retries.find((retry) => isSuccessful(retry.status));
  return {
    id: integerId(n),
    workflowId: definition ?? 0,
    ref,
    finished: isClosed(status),
    state: status,
    mode: deriveMode(facts),
    startedAt: created,
    ...(stopped === null ? {} : { stoppedAt: stopped }),
    ...(retryOf === null ? {} : { retryOf }),
    ...(success === undefined ? {} : { retrySuccessId: success.id }),
  };
}

/** Builds an execution from its row in the index. */
export function buildSummary(row: ExecutionPage['rows'][number], retries: readonly RetrySummary[]): Summary {
  const { n, definition, ref, status, enforcement, parent, mode, retryOf, created, closed } = row;
  return common({
    n,
    definition,
    ref,
    status,
    enforcement,
    parent,
    mode,
    retryOf,
    retries,
    created: created.toISOString(),
    stopped: closed?.toISOString() ?? null,
  });
}

/** Builds an execution from its projection, with the runs of its tasks if requested. */
export function buildExecution({ n, execution, retries }: ExecutionView, includeData: boolean): Summary {
  const { memo, status, created, closed } = execution;
  const summary = common({
    n,
    definition: memo?.definition_id ?? null,
    ref: memo?.ref ?? execution.workflowType,
    status,
    enforcement: memo?.enforcement ?? null,
    parent: memo?.parent ?? null,
    mode: memo?.mode,
    retryOf: memo?.retry_of ?? null,
    retries,
    created,
    stopped: closed,
  });
  return includeData ? { ...summary, data: dataOf(execution) } : summary;
}

function dataOf(execution: Execution): z.infer<typeof DataSchema> {
  const { tasks, failure, memo, run, workflowType } = execution;
  const runData: z.infer<typeof DataSchema>['resultData']['runData'] = {};
  for (const task of tasks) {
    // The items of a task are entries of its output.
    if (task.item !== null) continue;
    runData[task.name] = [...(runData[task.name] ?? []), ...runsOf(task)];
  }
  const graph = run === null ? { nodes: [], edges: [] } : wholeGraph(run.definition);
  const connections: Record<string, { main: { node: string; type: 'main'; index: 0 }[][] }> = {};
  for (const { from, to } of graph.edges.slice(0, MAX_CONNECTIONS)) {
    const connection = connections[from] ?? { main: [[]] };
    connection.main[0]!.push({ node: to, type: 'main', index: 0 });
    connections[from] = connection;
  }
  return {
    resultData: {
      runData,
      lastNodeExecuted: lastNodeOf(execution),
      ...(failure === null ? {} : { error: { message: failure.message, context: contextOf(failure) } }),
    },
    workflowData: {
      id: memo?.definition_id ?? 0,
      name: memo?.ref ?? workflowType,
      nodes: graph.nodes.map((node, index) => ({
        name: node.name,
        type: node.action,
        parameters: run?.definition.tasks[index]?.input ?? {},
      })),
      connections,
      ...(graph.edges.length > MAX_CONNECTIONS ? { connectionsTotal: graph.edges.length } : {}),
    },
  };
}

/**
 * Returns the task whose failure ended the run; otherwise the one that ended last, or started last if none has ended since. It may be one
 * that the execution leaves out.
 */
function lastNodeOf({ tasks, moreTasks, failure }: Execution): string {
  const failed = tasks.find(({ key }) => key === failure?.task);
  if (failed !== undefined) return failed.name;
  if (moreTasks !== undefined && failure?.task !== undefined) return parseTaskKey(failure.task).name;
  const visits = tasks.filter(({ item }) => item === null);
  let last: { name: string; at: string } | undefined;
  for (const { name, at } of moreTasks?.summaries ??
    visits.map(({ name, started, ended }) => ({ name, at: ended ?? started }))) {
    if (at !== null && (last === undefined || at >= last.at)) last = { name, at };
  }
  return last?.name ?? '';
}

type NodeRun = z.infer<typeof DataSchema>['resultData']['runData'][string][number];

/** Returns an entry for each attempt of a visit, and one for a visit without attempts, such as one with items. */
function runsOf(task: TaskExecution): NodeRun[] {
  const { attempts, started, ended, created, failure, state } = task;
  const milliseconds = (text: string) => Date.parse(text);
  const succeeded = { main: [outputsOf(task)] };
  const nothing = { main: [[]] };
  if (attempts.length === 0) {
    const begin = milliseconds(started ?? created);
    return [
      {
        startTime: begin,
        executionTime: ended === null ? 0 : milliseconds(ended) - begin,
        data: failure === null ? succeeded : nothing,
        ...(failure === null ? {} : { error: errorOf(failure) }),
        state,
      },
    ];
  }
  return attempts.map((attempt, index): NodeRun => {
    const final = index === attempts.length - 1;
    const error = attempt.error ?? (final ? failure : null);
    const begin = milliseconds(attempt.started ?? created);
    return {
      startTime: begin,
      executionTime: attempt.ended === null ? 0 : milliseconds(attempt.ended) - begin,
      data: final && error === null ? succeeded : nothing,
      ...(error === null ? {} : { error: errorOf(error) }),
      ...(attempt.recorded ? {} : { recorded: false }),
      ...(final ? { state } : {}),
    };
  });
}

function outputsOf({ output, status }: TaskExecution): { json: JsonObject }[] {
  if (status !== 'completed') return [];
  return (Array.isArray(output) ? output : [output]).map((value) => ({ json: objectOf(value) }));
}

/** Wraps values that are not objects, since the interface allows only objects. */
function objectOf(value: Json): JsonObject {
  return isJsonObject(value) ? value : { value };
}

function errorOf(failure: Failure): z.infer<typeof ErrorSchema> {
  return { message: failure.message, description: failure.type, context: contextOf(failure) };
}

function contextOf({ message: _, ...rest }: Failure): Json {
  return rest as unknown as Json; // it is JSON
}
