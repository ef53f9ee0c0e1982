import { z } from 'zod';
import { BULK_STATUSES, BULK_VERBS } from '../model/bulk.ts';
import { BULK_FIELDS, hasOneTarget, ONE_TARGET } from '../model/bulk-requests.ts';
import { IdempotencyKeySchema } from '../model/idempotency-key-schema.ts';
import type { BulkService } from '../service/executions/bulk-jobs.ts';
import type { ToolServices } from './services.ts';
import type { Tool } from './tool.ts';

const StartInput = z
  .strictObject({
    verb: z.enum(BULK_VERBS).describe('What is done to each; `delete` needs the permission `execution:admin`.'),
    ...BULK_FIELDS,
    dryRun: z.boolean().default(false).describe('Only count the executions.'),
    idempotencyKey: IdempotencyKeySchema.optional().describe('The same key is one job, however often it is sent.'),
  })
  .refine(hasOneTarget, ONE_TARGET);
const StartedSchema = z.object({
  jobId: z.string().nullable().describe('null: they were only counted.'),
  matched: z.number(),
});
const IdInput = z.strictObject({ id: z.uuid().describe('Id of the job.') });
const JobSchema = z.object({
  id: z.string(),
  verb: z.enum(BULK_VERBS),
  status: z.enum(BULK_STATUSES).describe('aborted: what was not done yet is left.'),
  matched: z.number(),
  succeeded: z.number(),
  failed: z.number(),
  errors: z.array(z.object({ id: z.number(), error: z.string() })).describe('The first 1,000 errors.'),
});

/** Tools that change many executions at once. */
export function bulkTools({ bulk, lists }: Pick<ToolServices, 'bulk' | 'lists'>) {
  const start: Tool<typeof StartInput, typeof StartedSchema> = {
    name: 'start_bulk_job',
    description:
      'Cancel, terminate, pause, resume, retry or delete many executions: those with some ids, or those that match filters.',
    permission: 'execution:execute',
    effect: 'destroys',
    input: StartInput,
    output: StartedSchema,
    madeBy: ({ jobId }) => jobId,
    async run(principal, { verb, ids, filter, reason = '', dryRun, idempotencyKey }) {
      bulk.demandVerb(principal, verb);
      const target = ids === undefined ? { filter: await lists.filterOf(principal, filter ?? {}, '/filter') } : { ids };
      if (dryRun) return { jobId: null, matched: await bulk.count(principal, verb, target) };
      const { id, matched } = await bulk.begin(principal, verb, target, { reason, idempotencyKey });
      return { jobId: id, matched };
    },
  };

  const get: Tool<typeof IdInput, typeof JobSchema> = {
    name: 'get_bulk_job',
    description: 'Get the progress of a bulk job, and the executions that it could not change.',
    permission: 'execution:read',
    effect: 'reads',
    input: IdInput,
    output: JobSchema,
    run: async (principal, { id }) => jobOf(await bulk.get(principal, id)),
  };

  const abort: Tool<typeof IdInput, typeof JobSchema> = {
    name: 'abort_bulk_job',
    description: 'Abort a bulk job; executions that it has changed stay changed.',
    permission: 'execution:execute',
    effect: 'changes',
    idempotent: true,
    input: IdInput,
    output: JobSchema,
    run: async (principal, { id }) => jobOf(await bulk.abort(principal, id)),
  };

  return [start, get, abort] as const;
}

function jobOf(job: Awaited<ReturnType<BulkService['get']>>): z.input<typeof JobSchema> {
  const { id, verb, status, targets, succeeded, failed, errors } = job;
  return { id, verb, status, matched: targets.length, succeeded, failed, errors };
}
