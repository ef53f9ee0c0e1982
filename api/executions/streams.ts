import { upgradeWebSocket } from '@hono/node-server';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { AppError } from '../../model/app-error.ts';
import type { WatchEntry } from '../../service/executions/live-events/entries.ts';
import type { WatchService } from '../../service/executions/live-events/service.ts';
import type { ChangeEntry, ChangeService } from '../../service/index/change-feed.ts';
import type { ApiEnv } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { demand } from '../http/middleware.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, descriptionOf, ExecutionParams } from '../http/routes.ts';
import { createStreamGate } from '../http/stream-gate.ts';
import { runSummaryBody, summaryBody, taskSummaryBody } from './bodies.ts';

// The Executions API: live events of executions (server-sent events), and a WebSocket for logs.

/** Milliseconds between two keep-alive comments on an idle stream. */
const HEARTBEAT = 15_000;

/** Milliseconds after which a client that does not read is disconnected. */
const STALLED = 30_000;

/** Milliseconds between two checks of the credentials of a stream. */
const LOOK_EVERY = 5_000;

/** The longest duration of a stream, in milliseconds; clients reconnect after it. */
const LONGEST = 3_600_000;

/** The maximum number of unsent bytes on a WebSocket. */
const MAX_BUFFERED = 256 * 1024;

const base = '/api/v1/executions';
const tags = ['executions'];
const ResumeHeaders = z.object({
  'last-event-id': z.string().max(200).optional().describe('The id of the last event that was received.'),
});
const ResumeQuery = z.object({
  last_event_id: z
    .string()
    .max(200)
    .optional()
    .describe(
      'The id of the last event that was received, for clients that cannot set headers. `Last-Event-ID` takes precedence.',
    ),
});
const eventStream = {
  200: {
    description:
      'A stream of events, with a comment every 15 seconds. Reconnect with the last `id` as Last-Event-ID to continue without loss or repetition. If the caller is no longer allowed to follow, the stream ends with `end` and `{ "reason": "credential_ended" }`.',
    content: { 'text/event-stream': { schema: z.string() } },
  },
};

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
    ...eventStream,
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
  responses: { ...eventStream, ...errorResponses('too_many_streams') },
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

/** Registers the streams. */
export function streamRoutes(watches: WatchService, changes: ChangeService) {
  const router = createRouter();
  const gate = createStreamGate();

  router.openapi(eventsRoute, async (context) => {
    const principal = context.get('principal');
    const after = resumeAfter(context.req.valid('header'), context.req.valid('query'));
    const visit = enter(context);
    const { signal } = visit;
    const entries = await orLeave(visit, async () => changes.watch(principal, { after, signal }));
    const messageOf = ({ id, run }: ChangeEntry) => ({ id, event: 'execution', data: summaryBody(run) });
    return events(context, entries, messageOf, visit) as never;
  });

  router.openapi(runEventsRoute, async (context) => {
    const { id } = context.req.valid('param');
    const principal = context.get('principal');
    const after = resumeAfter(context.req.valid('header'), context.req.valid('query'));
    const visit = enter(context);
    const { signal } = visit;
    const { found, entries } = await orLeave(visit, () => watches.watch(principal, id, { after, signal }));
    if (after !== undefined && found.execution.closed !== null) {
      const first = await orLeave(visit, () => entries.next());
      if (first.done) {
        visit.leave();
        return context.body(null, 204);
      }
      return events(context, startingWith(first.value, entries), messageOf, visit) as never;
    }
    return events(context, entries, messageOf, visit) as never;

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
    const visit = enter(context, stop.signal);
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

  function enter(context: Context<ApiEnv>, gone = context.req.raw.signal): Visit {
    const leaveGate = gate.enter(context.get('principal'));
    const lapsed = new AbortController();
    const holds = context.get('holds');
    const look = setInterval(() => void holds().then((still) => still || lapsed.abort()), LOOK_EVERY);
    look.unref();
    return {
      signal: AbortSignal.any([gone, AbortSignal.timeout(LONGEST), lapsed.signal]),
      hasLapsed: () => lapsed.signal.aborted,
      leave: () => {
        clearInterval(look);
        leaveGate();
      },
    };
  }
}

/** Returns the id after which a stream continues; undefined: it begins. */
function resumeAfter(header: z.infer<typeof ResumeHeaders>, query: z.infer<typeof ResumeQuery>): string | undefined {
  return header['last-event-id'] ?? query.last_event_id;
}

/** A stream that was admitted. */
interface Visit {
  /** Aborted when the stream must end. */
  signal: AbortSignal;
  /** Whether the stream must end because the caller is no longer allowed to follow. */
  hasLapsed: () => boolean;
  /** Must be called when the stream has ended. */
  leave: () => void;
}

/** The data of the last event of a stream whose caller is no longer allowed to follow. */
const LAPSED = { reason: 'credential_ended' };

/** Awaits a promise; leaves the gate if it rejects. */
async function orLeave<T>({ leave }: Visit, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    leave();
    throw error;
  }
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

interface Message {
  id: string;
  event: string;
  data: unknown;
}

/** Sends the entries as server-sent events, and leaves the gate when the stream has ended for whatever reason. */
function events<T>(
  context: Context<ApiEnv>,
  entries: AsyncGenerator<T>,
  messageOf: (entry: T) => Message,
  visit: Visit,
): Response {
  context.header('x-accel-buffering', 'no');
  return streamSSE(context, async (out) => {
    out.onAbort(() => void entries.return(undefined));
    try {
      const sent = await pump(entries, out, messageOf);
      if (sent && visit.hasLapsed()) await inTime(out.writeSSE({ event: 'end', data: JSON.stringify(LAPSED) }));
    } finally {
      visit.leave();
      await entries.return(undefined);
    }
  });
}

/** Sends all entries. Returns false if the reader disconnected or does not read. */
async function pump<T>(
  entries: AsyncGenerator<T>,
  out: SSEStreamingApi,
  messageOf: (entry: T) => Message,
): Promise<boolean> {
  // Opens the stream for clients and proxies before the first event.
  let sent = await inTime(out.write('retry: 1000\n\n'));
  for (let next = entries.next(); sent && !out.aborted; ) {
    const result = await orNothing(next, HEARTBEAT);
    if (result === undefined) {
      sent = await inTime(out.write(':\n\n'));
      continue;
    }
    if (result.done) return true;
    const { id, event, data } = messageOf(result.value);
    sent = await inTime(out.writeSSE({ id, event, data: JSON.stringify(data) }));
    next = entries.next();
  }
  if (!sent) out.abort();
  return false;
}

/** Awaits a promise for some milliseconds; returns undefined if it takes longer. */
async function orNothing<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function inTime(written: Promise<unknown>): Promise<boolean> {
  return (
    (await orNothing(
      written.then(() => true),
      STALLED,
    )) ?? false
  );
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

async function sendLogs(entries: AsyncGenerator<WatchEntry>, socket: Socket, { hasLapsed }: Visit): Promise<void> {
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
