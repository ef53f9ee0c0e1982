import { z } from '@hono/zod-openapi';
import { MAX_ROW_ID } from '../../model/request-fields.ts';
import type { EventMatches } from '../../service/events/reads/event-matches.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, json } from '../http/routes.ts';
import { wholeNumber } from '../http/whole-number.ts';
import { RuleTestResultSchema } from '../rules/bodies.ts';
import { ListedEnforcementSchema } from './enforcements.ts';
import { idCursor, readIdCursor } from './list-pages.ts';

// Why each rule matches an event, or does not.

const MatchSchema = RuleTestResultSchema.extend({
  rule: z.int().describe('The integer id of the rule.'),
  rule_ref: z.string(),
  revision: z.int().describe('The revision of the rule now; the enforcement has the one that matched.'),
  enabled: z.boolean(),
  enforcement: ListedEnforcementSchema.nullable().describe('Null: the rule did not match when it was applied.'),
}).openapi('EventMatch');

/** The matches of an event. */
export const EventMatchListSchema = z
  .object({
    data: z.array(MatchSchema),
    next_cursor: z.string().nullable().describe('The cursor of the next page; null on the last page.'),
  })
  .openapi('EventMatchList');

const listRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: '/api/v1/events/{id}/matches',
  tags: ['events'],
  summary: 'Explain which rules match an event',
  description:
    'Every rule whose type fits, as it is now, also a disabled one, with the value of each part of its condition. A page ends early once it has more than 1 MiB. Requires `workflow:read`, too.',
  request: {
    params: z.object({ id: wholeNumber(1) }),
    query: z.strictObject({
      limit: wholeNumber(1, 50).optional().describe('The number of rules of a page. Defaults to 20.'),
      cursor: z.string().max(200).optional().describe('The `next_cursor` of the previous page.'),
    }),
  },
  responses: {
    200: json(EventMatchListSchema, 'A page of rules, in the order in which they were created.'),
    ...errorResponses('event_not_found', 'permission_missing'),
  },
});

/** Registers the route for the matches of an event. */
export function eventMatchRoutes(matches: EventMatches) {
  const router = createRouter();

  router.openapi(listRoute, async (context) => {
    const { id } = context.req.valid('param');
    const { limit = 20, cursor } = context.req.valid('query');
    const after = cursor === undefined ? 0 : readIdCursor(cursor, MAX_ROW_ID);
    const page = await matches.list(context.get('principal'), id, { after, limit });
    // The parts of a condition have the same shape as the condition, which a schema cannot say.
    const data = page.matches as z.infer<typeof MatchSchema>[];
    return context.json({ data, next_cursor: idCursor(page.next) }, 200);
  });

  return router;
}
