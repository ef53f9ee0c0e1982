import type { EventFeed, EventFeedEntry } from '../../service/events/reads/event-feed.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute } from '../http/routes.ts';
import type { StreamGate } from '../http/streams/gate.ts';
import { eventStreamAnswer, ResumeHeaders, ResumeQuery, resumeAfter, sendEvents } from '../http/streams/server-sent.ts';
import { enterStream, orLeave } from '../http/streams/visits.ts';

// Events and enforcements while they happen.

const streamRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: '/api/v1/events/stream',
  tags: ['events'],
  summary: 'Follow events and enforcements (server-sent events)',
  description:
    'From now on, or after Last-Event-ID: `event` with each event once, when it is recorded, and `enforcement` with each enforcement whenever its status changes, as in lists.',
  request: { headers: ResumeHeaders, query: ResumeQuery },
  responses: { ...eventStreamAnswer, ...errorResponses('too_many_streams') },
});

/** Registers the stream; `gate` admits those of all routes. */
export function eventStreamRoutes(feed: EventFeed, gate: StreamGate) {
  const router = createRouter();

  router.openapi(streamRoute, async (context) => {
    const principal = context.get('principal');
    const after = resumeAfter(context.req.valid('header'), context.req.valid('query'));
    const visit = enterStream(gate, context);
    const { signal } = visit;
    const { start, entries } = await orLeave(visit, () => feed.watch(principal, { after, signal }));
    const messageOf = ({ id, type, data }: EventFeedEntry) => ({ id, event: type, data });
    return sendEvents(context, entries, messageOf, visit, start) as never;
  });

  return router;
}
