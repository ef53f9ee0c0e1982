import { z } from '@hono/zod-openapi';
import { parseExecutionId } from '../../model/execution-id.ts';
import { InstantSchema } from '../../model/instant.ts';
import { MAX_ROW_ID } from '../../model/requests.ts';
import { isStorableText, NOT_STORABLE } from '../../model/text.ts';
import { statusesMeant } from '../../service/executions/lists.ts';
import { wholeNumber } from '../http/whole-number.ts';

// The filters of document 000's lists, exports and bulk verbs.

const InstantQuery = InstantSchema.transform((text) => new Date(text));

/** From when, and until when. */
export const RANGE_QUERY = {
  created_after: InstantQuery.optional().describe('ISO 8601 with a time zone: from this time on.'),
  created_before: InstantQuery.optional().describe('ISO 8601 with a time zone: before this time.'),
};

/** Every filter; all combine. */
export const FILTER_QUERY = {
  status: z.string().max(64).optional().describe('A status, in the words of any of the APIs.'),
  action_ref: z
    .string()
    .min(1)
    .max(200)
    .refine(isStorableText, NOT_STORABLE)
    .optional()
    .describe("The run's ref or one of its tasks' actions; * is a wildcard."),
  pack_name: z.string().min(1).max(64).refine(isStorableText, NOT_STORABLE).optional(),
  result_contains: z.string().min(1).max(1000).optional().describe('Text anywhere in the result, in any case.'),
  enforcement: wholeNumber(0).optional(),
  parent: wholeNumber(0).optional(),
  executor: wholeNumber(0, MAX_ROW_ID).optional().describe('Integer id of who started it.'),
  search: z.string().min(1).max(200).optional().describe('An id in any form, or a part of a `workflow_id`.'),
  ...RANGE_QUERY,
};

/** The same filters in a body, where numbers are JSON. */
export const FILTER_BODY = {
  ...FILTER_QUERY,
  enforcement: z.int().min(0).optional(),
  parent: z.int().min(0).optional(),
  executor: z.int().min(0).max(MAX_ROW_ID).optional().describe('Integer id of who started it.'),
};

type FilterQuery = z.infer<z.ZodObject<typeof FILTER_QUERY>>;

/** What the service is asked for. Throws `status_invalid`. */
export function filterOf(query: FilterQuery) {
  const { status, action_ref, pack_name, result_contains, enforcement, parent, executor, search } = query;
  return {
    statuses: status === undefined ? undefined : statusesMeant(status),
    actionRef: action_ref,
    packName: pack_name,
    resultContains: result_contains,
    enforcement,
    parent,
    executor,
    createdAfter: query.created_after,
    createdBefore: query.created_before,
    search: search === undefined ? undefined : searchOf(search),
  };
}

function searchOf(text: string): { n: number } | { text: string } {
  const id = parseExecutionId(text);
  return id === undefined ? { text } : { n: id.n };
}
