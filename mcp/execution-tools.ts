import { z } from 'zod';
import { AppError } from '../model/app-error.ts';
import { PLAN_OR_START, plansOrStarts, RETRY_FIELDS } from '../model/execution-requests.ts';
import { IdempotencyKeySchema } from '../model/idempotency-key-schema.ts';
import { JsonValueSchema } from '../model/json-value.ts';
import { MAX_ROW_ID } from '../model/request-fields.ts';
import { RetryPlanSchema } from '../model/retry-plan.ts';
import { EXECUTION_STATUSES, isClosed } from '../model/status.ts';
import { isPassing } from '../service/background/outages.ts';
import { statusesMeant } from '../service/index/lists.ts';
import {
  buildExecution,
  buildSummary,
  executionIdInput,
  ToolExecutionListSchema,
  ToolExecutionSchema,
} from './execution-data.ts';
import type { ToolServices } from './services.ts';
import type { Tool, ToolContext } from './tool.ts';

const InputSchema = z.record(z.string(), JsonValueSchema);

const instance = z.string().optional().describe('The instance. The only one is "default".');
const id = executionIdInput;

const ListInput = z.strictObject({
  instance,
  workflowId: z.string().max(200).optional().describe('The integer id or ref of a workflow.'),
  finished: z.boolean().optional(),
  status: z
    .string()
    .max(64)
    .optional()
    .describe(`success, error (includes timeout and crashed), waiting, or any of ${EXECUTION_STATUSES.join(', ')}.`),
  includeData: z.boolean().default(false).describe('Whether to include the runs of tasks; slower, and much larger.'),
  limit: z.int().min(1).max(250).default(100),
  cursor: z.string().max(200).optional().describe('The `nextCursor` of the previous page.'),
});
const GetInput = z.strictObject({ instance, id, includeData: z.boolean().default(true) });
const StartInput = z.strictObject({
  workflow: z.string().max(200).describe('The ref of a workflow or an action.'),
  input: InputSchema.optional(),
  version: z.string().max(64).optional(),
  idempotencyKey: IdempotencyKeySchema,
  wait: z.number().min(0).max(60).optional().describe('Seconds to wait for it to end.'),
});
const CancelInput = z.strictObject({ id, reason: z.string().max(1000).optional() });
const SignalInput = z.strictObject({
  id,
  name: z.string().min(1).max(200),
  payload: JsonValueSchema.optional(),
  idempotencyKey: IdempotencyKeySchema.optional().describe(
    'Makes the call safe to repeat: the same key sends the signal once.',
  ),
});
const WaitInput = z.strictObject({ id, timeoutSeconds: z.number().min(1).max(300) });

const DeleteInput = z.strictObject({ instance, id });
const { plan: planField, plan_hash: planHashField, ...retryFields } = RETRY_FIELDS;
const RetryInput = z
  .strictObject({
    instance,
    id,
    ...retryFields,
    plan: planField,
    planHash: planHashField,
    idempotencyKey: IdempotencyKeySchema.optional().describe(
      'Makes the call safe to repeat: the same key starts one retry.',
    ),
  })
  .refine(({ plan, planHash }) => plansOrStarts({ plan, plan_hash: planHash }), {
    ...PLAN_OR_START,
    path: ['planHash'],
  });
const RetriedSchema = z.object({
  ...ToolExecutionSchema.partial().shape,
  plan: RetryPlanSchema.optional().describe('With plan: what the retry would do; nothing was started.'),
});
const DeletedSchema = z.object({ success: z.literal(true), id });

/** Seconds between two progress notifications. */
const PROGRESS_SECONDS = 2;

/** Creates the tools of the MCP executions, and those that start and change executions. */
export function executionTools({
  executions,
  lists,
  retries,
  deletions,
}: Pick<ToolServices, 'executions' | 'lists' | 'retries' | 'deletions'>) {
  const list: Tool<typeof ListInput, typeof ToolExecutionListSchema> = {
    name: 'list_executions',
    description: 'List executions, newest first, with filters and a cursor.',
    permission: 'execution:read',
    effect: 'reads',
    input: ListInput,
    output: ToolExecutionListSchema,
    async run(principal, { instance: name, workflowId, finished, status, includeData, limit, cursor }) {
      demandInstance(name);
      const filter = {
        statuses: status === undefined ? undefined : statusesMeant(status, 'mcp'),
        ...(workflowId === undefined ? {} : workflowFilter(workflowId)),
        open: finished === undefined ? undefined : !finished,
      };
      const { rows, nextCursor } = await lists.listBehind(principal, filter, { cursor, limit });
      const retried = await lists.retriesOf(principal, rows);
      const data = includeData
        ? await Promise.all(
            rows.map((row) =>
              executions.get(principal, row.workflowId).then(
                (found) => buildExecution(found, true),
                (error: unknown) => {
                  // An execution that cannot be read is listed from the index.
                  if (isPassing(error)) throw error;
                  return buildSummary(row, retried.get(row.n) ?? []);
                },
              ),
            ),
          )
        : rows.map((row) => buildSummary(row, retried.get(row.n) ?? []));
      return { data, ...(nextCursor === null ? {} : { nextCursor }) };
    },
  };

  const get: Tool<typeof GetInput, typeof ToolExecutionSchema> = {
    name: 'get_execution',
    description: 'Get an execution with the runs of its tasks: of the first 1,000 visits and items.',
    permission: 'execution:read',
    effect: 'reads',
    input: GetInput,
    output: ToolExecutionSchema,
    async run(principal, { instance: name, id: of, includeData }) {
      demandInstance(name);
      return buildExecution(await executions.get(principal, String(of)), includeData);
    },
  };

  const start: Tool<typeof StartInput, typeof ToolExecutionSchema> = {
    name: 'start_execution',
    description: 'Start a workflow or an action. The same idempotencyKey with the same input starts one execution.',
    permission: 'execution:execute',
    effect: 'changes',
    idempotent: true,
    input: StartInput,
    output: ToolExecutionSchema,
    madeBy: ({ id: made }) => String(made),
    async run(principal, { workflow, input = {}, version, idempotencyKey, wait }) {
      const command = { ref: workflow, input, inputField: 'input', version, idempotencyKey, wait };
      return buildExecution(await executions.start(principal, command), true);
    },
  };

  const cancel: Tool<typeof CancelInput, typeof ToolExecutionSchema> = {
    name: 'cancel_execution',
    description: 'Cancel an execution; its cleanup runs.',
    permission: 'execution:execute',
    effect: 'destroys',
    idempotent: true,
    input: CancelInput,
    output: ToolExecutionSchema,
    run: async (principal, { id: of, reason = '' }) =>
      buildExecution(await executions.cancel(principal, String(of), reason), false),
  };

  const signal: Tool<typeof SignalInput, typeof ToolExecutionSchema> = {
    name: 'signal_execution',
    description: 'Send a signal to an execution.',
    permission: 'execution:execute',
    effect: 'changes',
    input: SignalInput,
    output: ToolExecutionSchema,
    run: async (principal, { id: of, name, payload = null, idempotencyKey }) =>
      buildExecution(await executions.signal(principal, String(of), { name, payload, idempotencyKey }), false),
  };

  const wait: Tool<typeof WaitInput, typeof ToolExecutionSchema> = {
    name: 'wait_for_execution',
    description: 'Wait until an execution has finished, or the given seconds have passed, and get its state.',
    permission: 'execution:read',
    effect: 'reads',
    input: WaitInput,
    output: ToolExecutionSchema,
    async run(principal, { id: of, timeoutSeconds }, context) {
      let found = await executions.get(principal, String(of));
      for (let waited = 0; waited < timeoutSeconds && !isClosed(found.execution.status); ) {
        const seconds = Math.min(PROGRESS_SECONDS, timeoutSeconds - waited);
        found = await executions.waitFor(principal, found, seconds);
        waited += seconds;
        await tellProgress(context, waited, timeoutSeconds, found.execution.status);
      }
      return buildExecution(found, true);
    },
  };

  const remove: Tool<typeof DeleteInput, typeof DeletedSchema> = {
    name: 'delete_execution',
    description: 'Delete a finished execution permanently.',
    permission: 'execution:admin',
    effect: 'destroys',
    idempotent: true,
    input: DeleteInput,
    output: DeletedSchema,
    async run(principal, { instance: name, id: of }) {
      demandInstance(name);
      await deletions.deleteExecution(principal, String(of));
      return { success: true, id: of };
    },
  };

  const retry: Tool<typeof RetryInput, typeof RetriedSchema> = {
    name: 'retry_execution',
    description:
      'Retry a failed execution: a new one continues where it ended, without running completed tasks again. With plan, see what would run again and which effects may repeat; with the planHash of that plan, start exactly that.',
    permission: 'execution:execute',
    effect: 'changes',
    input: RetryInput,
    output: RetriedSchema,
    madeBy: ({ id: made }) => (made === undefined ? null : String(made)),
    async run(principal, { instance: name, id: of, plan = false, ...command }) {
      demandInstance(name);
      if (plan) return { plan: await retries.plan(principal, String(of), command) };
      return buildExecution(await retries.retry(principal, String(of), command), true);
    },
  };

  return [list, get, retry, remove, start, cancel, signal, wait] as const;
}

/** Returns the filter for a workflow by its integer id or ref. */
function workflowFilter(workflow: string): { definition: number } | { ref: string } {
  const definition = Number(workflow);
  return /^\d+$/.test(workflow) && definition <= MAX_ROW_ID ? { definition } : { ref: workflow };
}

/** Throws `request_invalid` for any instance but the only one. */
function demandInstance(name = 'default'): void {
  if (name === 'default') return;
  throw new AppError('request_invalid', `unknown instance "${name}": the only instance is "default"`);
}

async function tellProgress(context: ToolContext, progress: number, total: number, message: string): Promise<void> {
  const progressToken = context._meta?.progressToken;
  if (progressToken === undefined) return;
  await context.sendNotification({
    method: 'notifications/progress',
    params: { progressToken, progress, total, message },
  });
}
