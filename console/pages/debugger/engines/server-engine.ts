import { request } from '../../../client/request.ts';
import { RequestError } from '../../../client/request-error.ts';
import type { Run, RunGraph, RunHistoryEvent, RunMoment, TaskListPage } from '../../../client/shapes.ts';
import type { OpenedRun } from '../../../debugger/protocol.ts';
import type { Engine } from './engine.ts';
import { createStop } from './moments.ts';
import { findEvent, markTaskEvents } from './task-events.ts';

/** How many answers of the API are kept. */
const KEPT = 50;

/**
 * Asks the service for each stop of a run, whose path in the API is `path`. `reason` says why this browser does not recompute it by itself.
 * Throws a RequestError, and the reason of the signal.
 */
export async function openByServer(run: Run, path: string, reason: string, signal: AbortSignal): Promise<Engine> {
  const read = <T>(at: string) => request<T>(`${path}/${at}`, { signal });
  const [graph, tasks] = await Promise.all([
    read<{ data: RunGraph }>('graph?layout=1'),
    read<TaskListPage>('tasks?limit=500&parent_key=*'),
  ]);
  const momentAt = kept(async (event) => (await read<{ data: RunMoment }>(`at/${event}?trace=1`)).data);
  const eventAt = kept(async (event) => {
    const { data } = await read<{ data: RunHistoryEvent[] }>(`history?cursor=${event - 1}&limit=1`);
    return data[0] ?? refuse(event);
  });
  return {
    run: describeRun(run, graph.data, tasks),
    isComplete: false,
    reason,
    async stop(wanted) {
      const { event } = wanted;
      const [history, then] = await Promise.all([eventAt(event), momentAt(event)]);
      const start = commandedBy(history);
      const before = start <= 1 ? null : await momentAt(start - 1);
      return createStop({ history, then, before }, wanted, { graph: graph.data, tasks: tasks.data });
    },
    find: async (search) => findEvent(tasks.data, search),
  };
}

function refuse(event: number): never {
  throw new RequestError(`The history has no event ${event}.`, {
    status: 404,
    code: 'event_not_found',
    requestId: null,
  });
}

/** Returns the number of the event whose changes are shown at an event: of a command that of its workflow task, otherwise its own. */
function commandedBy({ id, attributes }: RunHistoryEvent): number {
  const { workflowTaskCompletedEventId: by = id } = (attributes ?? {}) as { workflowTaskCompletedEventId?: unknown };
  // Later runs of a chain number their events anew.
  return Number(by) > 0 && Number(by) < id ? Number(by) : id;
}

function describeRun(
  { id, workflow_id: workflowId, run_id: runId, action_ref: ref, version, created }: Run,
  graph: RunGraph,
  { data, last_event }: TaskListPage,
): OpenedRun {
  const lastEvent = last_event ?? 1;
  return {
    id,
    workflowId,
    ref,
    version: version ?? '',
    interpreter: 0,
    masked: false,
    firstEvent: 1,
    lastEvent,
    startedAt: created,
    marks: markTaskEvents(data, lastEvent),
    runs: [{ index: 0, runId, firstEvent: 1, lastEvent }],
    tasks: graph.nodes.map(({ name }) => name),
    graph,
    verification: {
      state: 'pending',
      agree: 0,
      events: lastEvent,
      event: null,
      difference: null,
      sentence: 'Recomputed by the server',
    },
  };
}

/** Keeps the latest answers to questions about events; one that failed is asked again. */
function kept<T>(ask: (event: number) => Promise<T>): (event: number) => Promise<T> {
  const answers = new Map<number, Promise<T>>();
  return (event) => {
    const known = answers.get(event);
    if (known !== undefined) return known;
    const answer = ask(event);
    answers.set(event, answer);
    answer.catch(() => answers.delete(event));
    const [oldest] = answers.keys();
    if (answers.size > KEPT) answers.delete(oldest!);
    return answer;
  };
}
