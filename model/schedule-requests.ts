import { z } from 'zod';
import { RefSchema } from './definition.ts';
import { InstantSchema } from './instant.ts';
import { JsonValueSchema } from './json-value.ts';
import { OVERLAPS } from './schedule.ts';

const SecondsSchema = z.int().min(1).max(315_360_000);

const FIELDS = {
  workflow: RefSchema.describe('The ref of a workflow or action; each start uses the newest revision.'),
  input: z.record(z.string(), JsonValueSchema).default({}),
  spec: z.strictObject({
    cron: z
      .array(z.string().min(1).max(200))
      .max(50)
      .optional()
      .describe(
        'Five crontab fields, or a shorthand such as @daily. If both a day of the month and a day of the week are given, either one matches.',
      ),
    every: SecondsSchema.optional().describe('Seconds between starts.'),
    time_zone: z.string().max(100).optional().describe('The time zone of `cron`; defaults to UTC.'),
    start: InstantSchema.optional(),
    end: InstantSchema.optional(),
    jitter: SecondsSchema.optional().describe('Seconds; each start is delayed at random by up to this long.'),
  }),
  overlap: z.enum(OVERLAPS).default('skip').describe('What to do when an execution of the schedule is still open.'),
  catchup_window: SecondsSchema.optional().describe('Seconds; a start missed by less than this is made up for.'),
  paused: z.boolean().default(false),
  note: z.string().max(1000).optional(),
};

/** The body of POST /api/v1/schedules. */
export const ScheduleCreateSchema = z.strictObject({
  id: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'must be letters, digits, _ and -'),
  ...FIELDS,
});

/** The body of PUT /api/v1/schedules/{id}. */
export const ScheduleReplaceSchema = z.strictObject({
  ...FIELDS,
  paused: z.boolean().optional().describe('Unchanged if omitted.'),
});

/** The body of POST /api/v1/schedules/{id}/trigger. */
export const ScheduleTriggerSchema = z.strictObject({
  overlap: z.enum(OVERLAPS).optional().describe('While a run of the schedule is still open; next to it unless given.'),
});

/** The body of POST /api/v1/schedules/{id}/backfill. */
export const ScheduleBackfillSchema = z.strictObject({
  start: InstantSchema,
  end: InstantSchema,
  overlap: z.enum(OVERLAPS).default('buffer_all'),
});

/** The body of a pause or a resume of a schedule. */
export const ScheduleNoteSchema = z.strictObject({ note: z.string().max(1000).optional() });

/** Converts the parsed body of a new or a replaced schedule. */
export function convertScheduleRequest<
  Body extends Pick<z.output<typeof ScheduleReplaceSchema>, 'catchup_window' | 'note'>,
>({ catchup_window: catchupWindow, note, ...body }: Body) {
  return { ...body, catchupWindow, note };
}
