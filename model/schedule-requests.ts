import { z } from 'zod';
import { RefSchema } from './definition.ts';
import { InstantSchema } from './instant.ts';
import { JsonValueSchema } from './json-value.ts';
import { OVERLAPS } from './schedule.ts';

const SecondsSchema = z.int().min(1).max(315_360_000);

const FIELDS = {
  workflow: RefSchema.describe('A workflow, or an action; its newest revision is started.'),
  input: z.record(z.string(), JsonValueSchema).default({}),
  spec: z.strictObject({
    cron: z
      .array(z.string().min(1).max(200))
      .max(50)
      .optional()
      .describe('Five fields as in crontab, or as @daily. Of a day of the month and a day of the week, either counts.'),
    every: SecondsSchema.optional().describe('Seconds between two starts.'),
    time_zone: z.string().max(100).optional().describe('For cron; UTC unless it is given.'),
    start: InstantSchema.optional(),
    end: InstantSchema.optional(),
    jitter: SecondsSchema.optional().describe('Seconds by which a start may be put off, at random.'),
  }),
  overlap: z.enum(OVERLAPS).default('skip').describe('While a run of the schedule is still open.'),
  catchup_window: SecondsSchema.optional().describe('Seconds for which a start that was missed is made up for.'),
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

/** Returns what a parsed body of a new or a replaced schedule asks for. */
export function scheduleRequestOf<
  Body extends Pick<z.output<typeof ScheduleReplaceSchema>, 'catchup_window' | 'note'>,
>({ catchup_window: catchupWindow, note, ...body }: Body) {
  return { ...body, catchupWindow, note };
}
