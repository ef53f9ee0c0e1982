import { z } from '@hono/zod-openapi';
import { JsonValueSchema } from '../../model/json-value.ts';
import { OVERLAPS } from '../../model/schedule.ts';
import {
  convertScheduleRequest,
  ScheduleBackfillSchema,
  ScheduleCreateSchema,
  ScheduleNoteSchema,
  ScheduleReplaceSchema,
  ScheduleTriggerSchema,
} from '../../model/schedule-requests.ts';
import type { ScheduleService } from '../../service/schedules/schedules.ts';
import type { Schedule } from '../../service/schedules/stored-schedules.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import {
  buildPageMeta,
  createApiRoute,
  IdempotencyHeaders,
  json,
  jsonBody,
  jsonData,
  jsonOrYaml,
  jsonPage,
  optionalJsonBody,
  PAGE_QUERY,
  SuccessSchema,
  windowOf,
} from '../http/routes.ts';

// Schedules: executions that Temporal starts at set times.

/** A schedule with its next times and its latest runs. */
export const ScheduleSchema = z
  .object({
    id: z.string(),
    workflow: z.string(),
    revision: z.int().describe('The revision that is started; 0 for an action.'),
    input: z.record(z.string(), JsonValueSchema),
    spec: z.record(z.string(), JsonValueSchema),
    overlap: z.enum(OVERLAPS),
    catchup_window: z.number().nullable(),
    paused: z.boolean(),
    note: z.string().nullable().describe('A note by the author.'),
    state_note: z
      .string()
      .nullable()
      .describe('Why the schedule was paused or resumed: the note given then, or who did it.'),
    next: z.array(z.iso.datetime()).describe('The next start times.'),
    recent: z.array(
      z.object({
        scheduled: z.iso.datetime(),
        started: z.iso.datetime(),
        execution: z.int().describe('The id of the execution.'),
      }),
    ),
    created: z.iso.datetime(),
    updated: z.iso.datetime().nullable(),
  })
  .openapi('Schedule');

const TriggeredSchema = ScheduleSchema.extend({
  triggered: z
    .object({ scheduled: z.iso.datetime(), execution: z.int().describe('The id of the execution.') })
    .describe(
      'What was triggered. With `overlap`, the execution may start later or never, and is not found until then.',
    ),
}).openapi('TriggeredSchedule');

const IdParams = z.object({ id: z.string().max(100) });
const tags = ['schedules'];
const base = '/api/v1/schedules';
const answer = (description: string) => jsonData(ScheduleSchema, description);
const startErrors = [
  'permission_missing',
  'input_invalid',
  'json_malformed',
  'workflow_not_found',
  'workflow_disabled',
  'sub_workflow_invalid',
  'definition_outdated',
] as const;

const createScheduleRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: base,
  tags,
  summary: 'Create a schedule',
  request: { body: { required: true, content: jsonOrYaml(ScheduleCreateSchema) } },
  responses: { 201: answer('Created.'), ...errorResponses('schedule_exists', ...startErrors) },
});
const listRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: base,
  tags,
  summary: 'List schedules',
  request: { query: z.strictObject(PAGE_QUERY) },
  responses: {
    200: jsonPage(ScheduleSchema, 'A page of schedules, in order of id.'),
    ...errorResponses(),
  },
});
const getRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: `${base}/{id}`,
  tags,
  summary: 'Get a schedule',
  request: { params: IdParams },
  responses: { 200: answer('The current state.'), ...errorResponses('schedule_not_found') },
});
const replaceRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'put',
  path: `${base}/{id}`,
  tags,
  summary: 'Replace a schedule',
  request: { params: IdParams, body: { required: true, content: jsonOrYaml(ScheduleReplaceSchema) } },
  responses: { 200: answer('Replaced.'), ...errorResponses('schedule_not_found', ...startErrors) },
});
const deleteRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'delete',
  path: `${base}/{id}`,
  tags,
  summary: 'Delete a schedule; its executions continue',
  request: { params: IdParams },
  responses: {
    200: json(SuccessSchema, 'Deleted.'),
    ...errorResponses('schedule_not_found'),
  },
});
const changeRoute = (verb: 'pause' | 'resume', summary: string) =>
  createApiRoute({
    permission: 'execution:execute',
    method: 'post',
    path: `${base}/{id}/${verb}`,
    tags,
    summary,
    request: { params: IdParams, body: optionalJsonBody(ScheduleNoteSchema) },
    responses: {
      200: answer('Done.'),
      ...errorResponses('schedule_not_found', 'json_malformed', ...(verb === 'resume' ? startErrors : [])),
    },
  });
const pauseRoute = changeRoute('pause', 'Pause a schedule');
const resumeRoute = changeRoute('resume', 'Resume a schedule');
const triggerRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: `${base}/{id}/trigger`,
  tags,
  summary: 'Trigger a schedule now',
  request: {
    params: IdParams,
    headers: IdempotencyHeaders,
    body: optionalJsonBody(ScheduleTriggerSchema),
  },
  responses: {
    202: jsonData(TriggeredSchema, 'Accepted.'),
    ...errorResponses('schedule_not_found', 'json_malformed', 'idempotency_mismatch', ...startErrors),
  },
});
const backfillRoute = createApiRoute({
  permission: 'execution:execute',
  method: 'post',
  path: `${base}/{id}/backfill`,
  tags,
  summary: 'Backfill a schedule over a time range',
  request: {
    params: IdParams,
    headers: IdempotencyHeaders,
    body: jsonBody(ScheduleBackfillSchema),
  },
  responses: {
    202: answer('Accepted.'),
    ...errorResponses('schedule_not_found', 'json_malformed', 'idempotency_mismatch', ...startErrors),
  },
});

/** Registers the routes for schedules. */
export function scheduleRoutes(schedules: ScheduleService) {
  const router = createRouter();

  router.openapi(createScheduleRoute, async (context) => {
    const { id, ...body } = context.req.valid('json');
    const created = await schedules.create(context.get('principal'), id, convertScheduleRequest(body));
    context.header('Location', `${base}/${id}`);
    return context.json({ data: scheduleBody(created) }, 201);
  });

  router.openapi(listRoute, async (context) => {
    const query = context.req.valid('query');
    const { rows, total } = await schedules.list(context.get('principal'), windowOf(query));
    return context.json({ data: rows.map(scheduleBody), meta: buildPageMeta(total, query) }, 200);
  });

  router.openapi(getRoute, async (context) => {
    const found = await schedules.get(context.get('principal'), context.req.valid('param').id);
    return context.json({ data: scheduleBody(found) }, 200);
  });

  router.openapi(replaceRoute, async (context) => {
    const { id } = context.req.valid('param');
    const replaced = await schedules.replace(
      context.get('principal'),
      id,
      convertScheduleRequest(context.req.valid('json')),
    );
    return context.json({ data: scheduleBody(replaced) }, 200);
  });

  router.openapi(deleteRoute, async (context) => {
    const { id } = context.req.valid('param');
    await schedules.remove(context.get('principal'), id);
    return context.json({ success: true as const, message: `Schedule '${id}' deleted successfully` }, 200);
  });

  router.openapi(pauseRoute, async (context) => {
    const { note } = context.req.valid('json') ?? {};
    const paused = await schedules.pause(context.get('principal'), context.req.valid('param').id, note);
    return context.json({ data: scheduleBody(paused) }, 200);
  });

  router.openapi(resumeRoute, async (context) => {
    const { note } = context.req.valid('json') ?? {};
    const resumed = await schedules.resume(context.get('principal'), context.req.valid('param').id, note);
    return context.json({ data: scheduleBody(resumed) }, 200);
  });

  router.openapi(triggerRoute, async (context) => {
    const { overlap } = context.req.valid('json') ?? {};
    const command = { overlap, idempotencyKey: context.req.valid('header')['idempotency-key'] };
    const triggered = await schedules.trigger(context.get('principal'), context.req.valid('param').id, command);
    const { scheduled, execution } = triggered.triggered;
    context.set('made', `/api/v1/executions/${execution}`);
    const data = { ...scheduleBody(triggered), triggered: { scheduled: scheduled.toISOString(), execution } };
    return context.json({ data }, 202);
  });

  router.openapi(backfillRoute, async (context) => {
    const { start, end, overlap } = context.req.valid('json');
    const idempotencyKey = context.req.valid('header')['idempotency-key'];
    const command = { start: new Date(start), end: new Date(end), overlap, idempotencyKey };
    const filled = await schedules.backfill(context.get('principal'), context.req.valid('param').id, command);
    return context.json({ data: scheduleBody(filled) }, 202);
  });

  return router;
}

function scheduleBody(schedule: Schedule): z.infer<typeof ScheduleSchema> {
  const { id, workflow, revision, input, spec, overlap, catchupWindow, paused, note, stateNote, created, updated } =
    schedule;
  const iso = (time: Date) => time.toISOString();
  return {
    id,
    workflow,
    revision,
    input,
    overlap,
    paused,
    note,
    state_note: stateNote,
    catchup_window: catchupWindow ?? null,
    spec: JSON.parse(JSON.stringify(spec)),
    next: schedule.next.map(iso),
    recent: schedule.recent.map((run) => ({ ...run, scheduled: iso(run.scheduled), started: iso(run.started) })),
    created: iso(created),
    updated: updated === null ? null : iso(updated),
  };
}
