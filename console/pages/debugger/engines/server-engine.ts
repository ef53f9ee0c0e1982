import { request } from '../../../client/request.ts';
import { RequestError } from '../../../client/request-error.ts';
import type {
  ChainRunLine,
  Run,
  RunGraph,
  RunHistoryEvent,
  RunMoment,
  TaskLine,
  TaskListPage,
} from '../../../client/shapes.ts';
import type { OpenedRun } from '../../../debugger/protocol.ts';
import type { Engine } from './engine.ts';
import { commandedBy, createStop } from './moments.ts';
import { findEvent, markTaskEvents } from './task-events.ts';

/** How many answers of the API are kept. */
const KEPT = 50;

/** The most tasks that are read. Of a run with more, nobody knows which events change something. */
const MOST_TASKS = 5_000;

/**
 * Asks the service for each stop of a run, whose path in the API is `path`. `reason` says why this browser does not recompute it by itself.
 * Throws a RequestError, and the reason of the signal.
 */
export async function openByServer(run: Run, path: string, reason: string, signal: AbortSignal): Promise<Engine> {
  const read = <T>(at: string) => request<T>(`${path}/${at}`, { signal });
  const [graph, { tasks, lastEvent }, runs] = await Promise.all([
    read<{ data: RunGraph }>('graph?layout=1'),
    readTasks(read),
    read<{ data: ChainRunLine[] }>('runs'),
  ]);
  const momentAt = kept(async (event) => (await read<{ data: RunMoment }>(`at/${event}?trace=1`)).data);
  const eventAt = kept(async (event) => {
    const { data } = await read<{ data: RunHistoryEvent[] }>(`history?cursor=${event - 1}&limit=1`);
    return data[0] ?? refuse(event);
  });
  return {
    run: describeRun({ run, graph: graph.data, tasks, runs: runs.data, lastEvent }),
    isComplete: false,
    reason,
    async stop(wanted) {
      const { event } = wanted;
      const [history, then] = await Promise.all([eventAt(event), momentAt(event)]);
      const firstEvent = runs.data.findLast(({ first_event }) => first_event <= event)?.first_event ?? 1;
      const start = commandedBy(history, firstEvent);
      const before = start <= 1 ? null : await momentAt(start - 1);
      return createStop({ history, firstEvent, then, before }, wanted, { graph: graph.data, tasks: tasks ?? [] });
    },
    find: tasks && (async (search) => findEvent(tasks, search)),
  };
}

function refuse(event: number): never {
  throw new RequestError(`The history has no event ${event}.`, {
    status: 404,
    code: 'event_not_found',
    requestId: null,
  });
}

/** Reads the tasks of a run; null: it has too many. */
async function readTasks(
  read: <T>(at: string) => Promise<T>,
): Promise<{ tasks: TaskLine[] | null; lastEvent: number }> {
  const tasks: TaskLine[] = [];
  for (let cursor = ''; ; ) {
    const page = await read<TaskListPage>(`tasks?limit=500&parent_key=*${cursor}`);
    const lastEvent = page.last_event ?? 1;
    if (page.total > MOST_TASKS) return { tasks: null, lastEvent };
    tasks.push(...page.data);
    if (page.next_cursor === null) return { tasks, lastEvent };
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
}

/** The parts by which the service describes a run. */
interface RunParts {
  run: Run;
  graph: RunGraph;
  tasks: readonly TaskLine[] | null;
  runs: readonly ChainRunLine[];
  lastEvent: number;
}

function describeRun({ run, graph, tasks, runs, lastEvent }: RunParts): OpenedRun {
  const { id, workflow_id: workflowId, action_ref: ref, version, created } = run;
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
    marks: tasks === null ? '' : markTaskEvents(tasks, lastEvent),
    runs: runs.map(({ index, run_id: runId, first_event: firstEvent, last_event }) => {
      return { index, runId, firstEvent, lastEvent: last_event };
    }),
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
