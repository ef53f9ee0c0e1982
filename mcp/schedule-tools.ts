import { z } from 'zod';
import { IdempotencyKeySchema } from '../model/idempotency-key-schema.ts';
import { JsonValueSchema } from '../model/json-value.ts';
import {
  convertScheduleRequest,
  ScheduleBackfillSchema,
  ScheduleCreateSchema,
  ScheduleNoteSchema,
  ScheduleReplaceSchema,
  ScheduleTriggerSchema,
} from '../model/schedule-requests.ts';
import type { Schedule } from '../service/schedules/stored-schedules.ts';
import type { ToolServices } from './services.ts';
import type { Tool } from './tool.ts';

const id = z.string().max(100).describe('The id of the schedule.');
const ScheduleSchema = z.object({
  id: z.string(),
  workflow: z.string(),
  input: z.record(z.string(), JsonValueSchema),
  spec: z.record(z.string(), z.any()).describe('`cron` with `time_zone`, or `every` in seconds.'),
  revision: z.number().describe('The revision that is started; 0 for an action.'),
  overlap: z.string(),
  catchupWindow: z.number().nullable().describe('Seconds; a start missed by less than this is made up for.'),
  paused: z.boolean(),
  note: z.string().nullable().describe('A note by the author.'),
  stateNote: z
    .string()
    .nullable()
    .describe('Why the schedule was paused or resumed: the note given then, or who did it.'),
  next: z.array(z.string()).describe('The next start times.'),
  recent: z.array(z.object({ scheduledAt: z.string(), startedAt: z.string(), executionId: z.number() })),
});
const TriggeredSchema = ScheduleSchema.extend({
  triggered: z
    .object({ scheduledAt: z.string(), executionId: z.number() })
    .describe(
      'What was triggered. With `overlap`, the execution may start later or never, and is not found until then.',
    ),
});
const ListInput = z.strictObject({
  page: z.int().min(1).max(1_000_000).default(1),
  perPage: z.int().min(1).max(100).default(20),
});
const ListSchema = z.object({ data: z.array(ScheduleSchema), total: z.number() });
const IdInput = z.strictObject({ id });
const NoteInput = ScheduleNoteSchema.extend({ id });
const ReplaceInput = ScheduleReplaceSchema.extend({ id });
const idempotencyKey = IdempotencyKeySchema.optional().describe('The same key is done once, however often it is sent.');
const TriggerInput = ScheduleTriggerSchema.extend({ id, idempotencyKey });
const BackfillInput = ScheduleBackfillSchema.extend({ id, idempotencyKey });
const DeletedSchema = z.object({ success: z.literal(true), id });

/** Creates the tools for schedules. */
export function scheduleTools({ schedules }: Pick<ToolServices, 'schedules'>) {
  const list: Tool<typeof ListInput, typeof ListSchema> = {
    name: 'list_schedules',
    description: 'List schedules with what they start, their next start times and recent executions.',
    permission: 'execution:read',
    effect: 'reads',
    input: ListInput,
    output: ListSchema,
    async run(principal, { page, perPage }) {
      const { rows, total } = await schedules.list(principal, { offset: (page - 1) * perPage, limit: perPage });
      return { data: rows.map(scheduleOf), total };
    },
  };

  const get: Tool<typeof IdInput, typeof ScheduleSchema> = {
    name: 'get_schedule',
    description: 'Get a schedule.',
    permission: 'execution:read',
    effect: 'reads',
    input: IdInput,
    output: ScheduleSchema,
    run: async (principal, { id: of }) => scheduleOf(await schedules.get(principal, of)),
  };

  const change = (what: 'pause' | 'resume', description: string): Tool<typeof NoteInput, typeof ScheduleSchema> => ({
    name: `${what}_schedule`,
    description,
    permission: 'execution:execute',
    effect: 'changes',
    idempotent: true,
    input: NoteInput,
    output: ScheduleSchema,
    run: async (principal, { id: of, note }) => scheduleOf(await schedules[what](principal, of, note)),
  });

  const create: Tool<typeof ScheduleCreateSchema, typeof ScheduleSchema> = {
    name: 'create_schedule',
    description: 'Create a schedule, which starts a workflow or an action at set times.',
    permission: 'execution:execute',
    effect: 'changes',
    idempotent: true,
    input: ScheduleCreateSchema,
    output: ScheduleSchema,
    run: async (principal, { id: of, ...body }) =>
      scheduleOf(await schedules.create(principal, of, convertScheduleRequest(body))),
  };

  const replace: Tool<typeof ReplaceInput, typeof ScheduleSchema> = {
    name: 'replace_schedule',
    description: 'Replace a schedule; it stays paused or active, unless `paused` is given.',
    permission: 'execution:execute',
    effect: 'destroys',
    idempotent: true,
    input: ReplaceInput,
    output: ScheduleSchema,
    run: async (principal, { id: of, ...body }) =>
      scheduleOf(await schedules.replace(principal, of, convertScheduleRequest(body))),
  };

  const remove: Tool<typeof IdInput, typeof DeletedSchema> = {
    name: 'delete_schedule',
    description: 'Delete a schedule; its executions continue.',
    permission: 'execution:execute',
    effect: 'destroys',
    idempotent: true,
    input: IdInput,
    output: DeletedSchema,
    async run(principal, { id: of }) {
      await schedules.remove(principal, of);
      return { success: true, id: of };
    },
  };

  const trigger: Tool<typeof TriggerInput, typeof TriggeredSchema> = {
    name: 'trigger_schedule',
    description: 'Start an execution of a schedule now. Calls with the same idempotencyKey start one execution.',
    permission: 'execution:execute',
    effect: 'changes',
    input: TriggerInput,
    output: TriggeredSchema,
    madeBy: ({ triggered }) => String(triggered.executionId),
    async run(principal, { id: of, ...command }) {
      const { triggered, ...schedule } = await schedules.trigger(principal, of, command);
      const { scheduled, execution } = triggered;
      return { ...scheduleOf(schedule), triggered: { scheduledAt: scheduled.toISOString(), executionId: execution } };
    },
  };

  const backfill: Tool<typeof BackfillInput, typeof ScheduleSchema> = {
    name: 'backfill_schedule',
    description: 'Start the executions that a schedule would have started between two times.',
    permission: 'execution:execute',
    effect: 'changes',
    input: BackfillInput,
    output: ScheduleSchema,
    async run(principal, { id: of, start, end, ...command }) {
      const range = { start: new Date(start), end: new Date(end) };
      return scheduleOf(await schedules.backfill(principal, of, { ...range, ...command }));
    },
  };

  return [
    list,
    get,
    create,
    replace,
    remove,
    change('pause', 'Pause a schedule.'),
    change('resume', 'Resume a paused schedule.'),
    trigger,
    backfill,
  ] as const;
}

function scheduleOf(schedule: Schedule): z.input<typeof ScheduleSchema> {
  const { id: of, workflow, revision, input, spec, overlap, catchupWindow = null, paused, note, stateNote } = schedule;
  return {
    id: of,
    workflow,
    input,
    overlap,
    revision,
    catchupWindow,
    paused,
    note,
    stateNote,
    spec: { ...spec },
    next: schedule.next.map((time) => time.toISOString()),
    recent: schedule.recent.map(({ scheduled, started, execution }) => ({
      scheduledAt: scheduled.toISOString(),
      startedAt: started.toISOString(),
      executionId: execution,
    })),
  };
}
