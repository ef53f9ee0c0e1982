import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { ApiEnv } from '../environment.ts';
import { LAPSED, type StreamVisit } from './visits.ts';

// Server-sent events.

/** Milliseconds between two keep-alive comments on an idle stream. */
const HEARTBEAT = 15_000;

/** Milliseconds after which a client that does not read is disconnected. */
export const STALLED = 30_000;

/** The header after which a stream continues. */
export const ResumeHeaders = z.object({
  'last-event-id': z.string().max(200).optional().describe('The id of the last event that was received.'),
});
/** The same for clients that cannot set headers. */
export const ResumeQuery = z.object({
  last_event_id: z
    .string()
    .max(200)
    .optional()
    .describe(
      'The id of the last event that was received, for clients that cannot set headers. `Last-Event-ID` takes precedence.',
    ),
});
/** The answer of a route that streams events. */
export const eventStreamAnswer = {
  200: {
    description:
      'A stream of events, with a comment every 15 seconds. Reconnect with the last `id` as Last-Event-ID to continue without loss or repetition. If the caller is no longer allowed to follow, the stream ends with `end` and `{ "reason": "credential_ended" }`.',
    content: { 'text/event-stream': { schema: z.string() } },
  },
};

/** Returns the id after which a stream continues; undefined: it begins. */
export function resumeAfter(
  header: z.infer<typeof ResumeHeaders>,
  query: z.infer<typeof ResumeQuery>,
): string | undefined {
  return header['last-event-id'] ?? query.last_event_id;
}

/** An event to send. */
export interface SentEvent {
  id: string;
  event: string;
  data: unknown;
}

/**
 * Sends the entries as server-sent events, and leaves the gate when the stream has ended for whatever reason. `start` is the id with which a
 * stream of which no entry was received yet continues; without one it begins again.
 */
export function sendEvents<T>(
  context: Context<ApiEnv>,
  entries: AsyncGenerator<T>,
  messageOf: (entry: T) => SentEvent,
  visit: StreamVisit,
  start?: string,
): Response {
  context.header('x-accel-buffering', 'no');
  return streamSSE(context, async (out) => {
    out.onAbort(() => void entries.return(undefined));
    try {
      const sent = await pump(entries, out, messageOf, start);
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
  messageOf: (entry: T) => SentEvent,
  start: string | undefined,
): Promise<boolean> {
  // Opens the stream for clients and proxies before the first event. An id without data is no event, but is sent when reconnecting.
  let sent = await inTime(out.write(`retry: 1000\n${start === undefined ? '' : `id: ${start}\n`}\n`));
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

/** Awaits that something is written; returns false if the reader does not read. */
export async function inTime(written: Promise<unknown>): Promise<boolean> {
  return (
    (await orNothing(
      written.then(() => true),
      STALLED,
    )) ?? false
  );
}
