import { z } from 'zod';
import { PreviewSchema } from './preview-schema.ts';
import { EXECUTION_STATUSES, TASK_STATUSES } from './status.ts';

/** The most entries of each list of a plan. */
export const MAX_PLANNED = 200;

/** Why a task runs again. `undecided`: people are asked again, because what they decided no longer holds. */
export const AGAIN_REASONS = ['failed', 'cancelled', 'not_begun', 'chosen', 'open', 'undecided'] as const;

/** Why a task runs again. */
export type AgainReason = (typeof AGAIN_REASONS)[number];

/** Why a task is dropped: it followed from one that runs again or came later, or it cleaned up after the run was stopped. */
const DROP_REASONS = ['followed', 'cleanup'] as const;

/** The parts of a run and of a request that a plan depends on. */
export const PLAN_PARTS = ['history', 'definition', 'input', 'retries', 'actions'] as const;

/** A part that a plan depends on. */
export type PlanPart = (typeof PLAN_PARTS)[number];

const TaskStatusSchema = z.enum(TASK_STATUSES);
const KeySchema = z.string().describe('The key of the task, or of one of its items.');
const ActionRefSchema = z.string();
const VersionFields = {
  version: z.string(),
  revision: z.int(),
  definition_hash: z.string().describe('SHA-256 of the definition.'),
};

/** A task that keeps its result. */
const KeptSchema = z.object({
  key: KeySchema,
  name: z.string(),
  action_ref: ActionRefSchema,
  status: TaskStatusSchema,
});

/** A task that runs again. */
const AgainSchema = z.object({
  key: KeySchema,
  name: z.string(),
  action_ref: ActionRefSchema,
  was: TaskStatusSchema.nullable().describe('Its status in the execution that is retried; null: it had not begun.'),
  why: z.enum(AGAIN_REASONS),
  input: PreviewSchema.nullable().describe('The input that it is given, as far as that is known.'),
});

/** A task whose result is given up. */
const DroppedSchema = z.object({
  key: KeySchema,
  name: z.string(),
  action_ref: ActionRefSchema,
  was: TaskStatusSchema,
  why: z.enum(DROP_REASONS),
});

/** Work outside of the service that has begun and may happen again. */
const EffectSchema = z.object({
  key: KeySchema,
  action_ref: ActionRefSchema,
  idempotent: z.boolean().describe('Whether the action may be repeated without harm, as it declares.'),
  attempts: z.int().describe('The number of attempts that have begun.'),
  ended: z.string().nullable(),
  last_error: z.object({ type: z.string(), message: z.string() }).nullable(),
});

/** The plan of a retry: its effect, before it is started. */
export const RetryPlanSchema = z.object({
  hash: z
    .string()
    .nullable()
    .describe('Sent as `plan_hash`, it starts the retry only while the plan is still the same; null with problems.'),
  from: z.string(),
  base: z.object({
    execution: z.int(),
    state: z.enum(EXECUTION_STATUSES),
    last_event: z.int(),
    ...VersionFields,
    retried_as: z.array(z.int()).describe('The retries of this execution so far.'),
  }),
  target: z.object({
    ...VersionFields,
    input_hash: z.string().describe('A hash from which nobody can guess the input.'),
  }),
  problems: z
    .array(z.object({ code: z.string(), path: z.string(), message: z.string() }))
    .describe('Why the retry would be refused.'),
  counts: z.object({ kept: z.int(), again: z.int(), dropped: z.int(), effects: z.int() }),
  kept: z.array(KeptSchema).describe(`The first ${MAX_PLANNED}, as of every list.`),
  again: z.array(AgainSchema),
  dropped: z.array(DroppedSchema),
  effects: z.array(EffectSchema),
  inquiries: z.object({ kept: z.array(z.string()), asked_again: z.array(z.string()) }),
  simulated: z
    .object({ status: z.string(), order: z.array(z.string()).describe('The keys of the tasks as they would start.') })
    .nullable()
    .describe('The retry played with the earlier outputs; null with problems, or where that takes too much work.'),
});

/** The plan of a retry. */
export type PlannedRetry = z.output<typeof RetryPlanSchema>;
