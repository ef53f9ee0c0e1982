import { z } from 'zod';
import { CauseSchema } from './events/cause.ts';
import type { RunMemo } from './run-input.ts';
import { RUN_MODES } from './run-mode.ts';

const RowIdSchema = z.int().min(0).max(2_147_483_647);
const RefSchema = z.string().min(1).max(200);
const KeySchema = z.string().min(1).max(1_000);

/** The memo that Fermata leaves with a run; anybody may leave another one under the same name. */
const RunMemoSchema = z.object({
  n: z.int(),
  tenant: z.guid(),
  ref: RefSchema,
  revision: RowIdSchema.default(0),
  definition_id: RowIdSchema.nullable().default(null),
  executor: RowIdSchema.default(0),
  owner: z.string().default(''),
  enforcement: z.int().nullable().default(null),
  parent: z.int().nullable().default(null),
  parent_task: z.string().optional(),
  tags: z.array(z.string().max(200)).default([]),
  mode: z.enum(RUN_MODES).optional(),
  cause: CauseSchema.optional(),
  retry_of: z.int().optional(),
  retry_reason: z.string().max(1_000).optional(),
  plan_hash: z.string().max(64).optional(),
  hides: z.literal(true).optional(),
  turn: z
    .object({
      key: KeySchema,
      limit: z.int().min(1).max(1_000),
      policy: z.enum(['queue', 'skip', 'cancel_previous', 'fail']),
    })
    .optional(),
  on_failure: RefSchema.optional(),
  schedule: z.string().optional(),
  warrant: z.object({ statement: z.record(z.string(), z.unknown()), kid: z.string(), sig: z.string() }).optional(),
  memo: z.record(z.string(), z.unknown()).optional(),
  actions: z.array(RefSchema).default([]),
});

/** Reads the memo of a run; null for one that Fermata did not write. */
export function readRunMemo(value: unknown): RunMemo | null {
  const parsed = RunMemoSchema.safeParse(value);
  // JSON has no undefined, and everything below `memo` is JSON.
  return parsed.success ? (parsed.data as RunMemo) : null;
}
