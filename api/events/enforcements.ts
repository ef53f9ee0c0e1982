import { z } from '@hono/zod-openapi';
import {
  EnforcementSchema as DetailsShape,
  FAILED_REASONS,
  SUPPRESSED_REASONS,
  EnforcementSummarySchema as SummaryShape,
} from '../../model/events/enforcement.ts';
import { ENFORCEMENT_STATUSES } from '../../model/events/states.ts';
import { RANGE_FILTERS } from '../../model/execution-filter.ts';
import { isStorableText, NOT_STORABLE } from '../../model/text.ts';
import type { EnforcementLists } from '../../service/events/enforcements.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, json, jsonData } from '../http/routes.ts';
import { wholeNumber } from '../http/whole-number.ts';
import { LIST_PAGE, listPageBody, listPart, listQuery } from './list-pages.ts';

// Enforcements: the matches of rules by events, and what each has started.

const tags = ['events'];
const base = '/api/v1/enforcements';

/** An enforcement in a list. */
export const ListedEnforcementSchema = z.object(SummaryShape.shape).openapi('EnforcementSummary');
const DetailsSchema = z.object(DetailsShape.shape).openapi('Enforcement');

const ref = () => z.string().min(1).max(200).refine(isStorableText, NOT_STORABLE).optional();

const listRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: base,
  tags,
  summary: 'List enforcements, newest first',
  description: 'An enforcement is one match of a rule by an event. A rule that does not match leaves none.',
  request: {
    query: listQuery({
      rule: ref().describe('The ref or the integer id of a rule.'),
      event: wholeNumber(1).optional(),
      status: z.enum(ENFORCEMENT_STATUSES).optional(),
      trigger_ref: ref(),
      workflow: ref().describe('The ref of the workflow or action that it starts.'),
      reason: z.enum([...SUPPRESSED_REASONS, ...FAILED_REASONS]).optional(),
      ...RANGE_FILTERS,
    }),
  },
  responses: {
    200: json(
      z.object({ data: z.array(ListedEnforcementSchema), ...LIST_PAGE }).openapi('EnforcementList'),
      'A page of enforcements.',
    ),
    ...errorResponses(),
  },
});

const getRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}`,
  tags,
  summary: 'Get an enforcement',
  description: 'Numbers below 4294967297 belong to the systems of callers: there is nothing to read about them.',
  request: { params: z.object({ id: wholeNumber(0) }) },
  responses: {
    200: jsonData(DetailsSchema, 'The enforcement.'),
    ...errorResponses('enforcement_not_found'),
  },
});

/** Registers the routes for enforcements. */
export function enforcementRoutes(lists: EnforcementLists) {
  const router = createRouter();

  router.openapi(listRoute, async (context) => {
    const { page: _, per_page: __, limit: ___, cursor: ____, ...filters } = context.req.valid('query');
    const part = listPart(context.req.valid('query'));
    const page = await lists.list(context.get('principal'), filters, part.window);
    return context.json(listPageBody(page.rows, page, part), 200);
  });

  router.openapi(getRoute, async (context) => {
    const { id } = context.req.valid('param');
    return context.json({ data: await lists.get(context.get('principal'), id) }, 200);
  });

  return router;
}
