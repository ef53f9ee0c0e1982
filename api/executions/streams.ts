import { upgradeWebSocket } from '@hono/node-server';
import { AppError } from '../../model/app-error.ts';
import type { WatchEntry } from '../../service/executions/live-events/entries.ts';
import type { WatchService } from '../../service/executions/live-events/service.ts';
import type { ChangeEntry, ChangeService } from '../../service/index/change-feed.ts';
import { errorResponses } from '../http/errors.ts';
import { demand } from '../http/middleware.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, descriptionOf, ExecutionParams } from '../http/routes.ts';
import type { StreamGate } from '../http/streams/gate.ts';
import {
  eventStreamAnswer,
  inTime,
  ResumeHeaders,
  ResumeQuery,
  resumeAfter,
  STALLED,
  sendEvents,
} from '../http/streams/server-sent.ts';
import { enterStream, LAPSED, orLeave, type StreamVisit } from '../http/streams/visits.ts';
import { runSummaryBody, summaryBody, taskSummaryBody } from './bodies.ts';

// The Executions API: live events of executions (server-sent events), and a WebSocket for logs.

/** The maximum number of unsent bytes on a WebSocket. */
const MAX_BUFFERED = 256 * 1024;

const base = '/api/v1/executions';
const tags = ['executions'];
const runEventsRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}/events`,
  tags,
  summary: 'Follow an execution (server-sent events)',
  description:
    'From its start, or after Last-Event-ID: `execution` when its status changes, `task` when the status of a task changes (`was` is the one before), `log` for each log entry, and `end` when the execution has ended.',
  request: { params: ExecutionParams, headers: ResumeHeaders, query: ResumeQuery },
  responses: {
    ...eventStreamAnswer,
    204: {
      description: 'The execution has ended, and Last-Event-ID is the id of its last event: no more events follow.',
    },
    ...errorResponses('execution_not_found', 'too_many_streams'),
  },
});

const eventsRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/events`,
  tags,
  summary: 'Follow all executions (server-sent events)',
  description: 'From now on, or after Last-Event-ID: `execution` with the summary of each execution that has changed.',
  request: { headers: ResumeHeaders, query: ResumeQuery },
  responses: { ...eventStreamAnswer, ...errorResponses('too_many_streams') },
});

const logStreamRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}/logs/stream`,
  tags,
  summary: 'Follow the log of an execution (WebSocket)',
  description:
    'One JSON text frame for each entry, from the first one on. The last frame is `{ "type": "end" }`, with `reason: credential_ended` if the caller is no longer allowed to follow.',
  request: { params: ExecutionParams },
  responses: {
    101: { description: 'The connection is upgraded to a WebSocket.' },
    ...errorResponses('execution_not_found', 'upgrade_required', 'too_many_streams'),
  },
});

/** Registers the streams; `gate` admits those of all routes. */
export function streamRoutes(watches: WatchService, changes: ChangeService, gate: StreamGate) {
  const router = createRouter();

  router.openapi(eventsRoute, async (context) => {
    const principal = context.get('principal');
    const after = resumeAfter(context.req.valid('header'), context.req.valid('query'));
    const visit = enterStream(gate, context);
    const { signal } = visit;
    const { start, entries } = await orLeave(visit, () => changes.watch(principal, { after, signal }));
    const messageOf = ({ id, run }: ChangeEntry) => ({ id, event: 'execution', data: summaryBody(run) });
    return sendEvents(context, entries, messageOf, visit, start) as never;
  });

  router.openapi(runEventsRoute, async (context) => {
    const { id } = context.req.valid('param');
    const principal = context.get('principal');
    const after = resumeAfter(context.req.valid('header'), context.req.valid('query'));
    const visit = enterStream(gate, context);
    const { signal } = visit;
    const { found, entries } = await orLeave(visit, () => watches.watch(principal, id, { after, signal }));
    if (after !== undefined && found.execution.closed !== null) {
      const first = await orLeave(visit, () => entries.next());
      if (first.done) {
        visit.leave();
        return context.body(null, 204);
      }
      return sendEvents(context, startingWith(first.value, entries), messageOf, visit) as never;
    }
    return sendEvents(context, entries, messageOf, visit) as never;

    function messageOf(entry: WatchEntry) {
      return { id: entry.id, event: entry.type, data: bodyOf(entry) };
    }

    function bodyOf(entry: WatchEntry) {
      if (entry.type === 'log') return entry.entry;
      return entry.type === 'task' ? taskSummaryBody(found, entry.task) : runSummaryBody(found, entry);
    }
  });

  router.openAPIRegistry.registerPath(descriptionOf(logStreamRoute));
  router.get(`${base}/:id/logs/stream`, demand('execution:read'), async (context, next) => {
    const stop = new AbortController();
    const principal = context.get('principal');
    const visit = enterStream(gate, context, stop.signal);
    const { signal, leave } = visit;
    const { entries } = await orLeave(visit, async () => {
      const watching = await watches.watch(principal, context.req.param('id'), { signal });
      if (context.req.header('upgrade')?.toLowerCase() === 'websocket') return watching;
      throw new AppError('upgrade_required', 'this endpoint is a WebSocket: the request must ask for an upgrade');
    });
    signal.addEventListener('abort', leave, { once: true });
    const unopened = setTimeout(() => stop.abort(), STALLED);
    return upgradeWebSocket(() => ({
      onOpen: (_, socket) => {
        clearTimeout(unopened);
        void sendLogs(entries, socket.raw as unknown as Socket, visit).finally(() => socket.close(1000));
      },
      onClose: () => stop.abort(),
      onError: () => stop.abort(),
    }))(context as never, next);
  });

  return router;
}

/** Yields the first entry, which has already been read, and then the others. */
async function* startingWith<T>(first: T, rest: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

/** The methods of `ws` in addition to the standard. */
interface Socket {
  readonly bufferedAmount: number;
  readonly readyState: number;
  send(data: string, done: (error?: Error) => void): void;
  terminate(): void;
}

/** The state of an open socket. */
const OPEN = 1;

async function sendLogs(
  entries: AsyncGenerator<WatchEntry>,
  socket: Socket,
  { hasLapsed }: StreamVisit,
): Promise<void> {
  const send = (frame: object): Promise<boolean> => {
    const sent = new Promise<void>((resolve) => socket.send(JSON.stringify(frame), () => resolve()));
    return socket.bufferedAmount > MAX_BUFFERED ? inTime(sent) : Promise.resolve(true);
  };
  for await (const entry of entries) {
    if (socket.readyState !== OPEN) return;
    if (entry.type === 'end') await send({ type: 'end' });
    if (entry.type !== 'log') continue;
    if (await send(entry.entry)) continue;
    socket.terminate();
    return;
  }
  if (hasLapsed() && socket.readyState === OPEN) await send({ type: 'end', ...LAPSED });
}
