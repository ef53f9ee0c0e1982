import { z } from 'zod';
import { AppError } from '../model/app-error.ts';
import { IdempotencyKeySchema } from '../model/idempotency-key.ts';
import { JsonValueSchema } from '../model/json-value.ts';
import { MAX_ROW_ID } from '../model/requests.ts';
import { EXECUTION_STATUSES, isClosed } from '../model/status.ts';
import { statusesMeant } from '../service/executions/lists.ts';
import { isPassing } from '../service/outages.ts';
import { ExecutionListSchema, ExecutionSchema, executionIdInput, executionOf, summaryOf } from './execution-data.ts';
import type { Tool, ToolContext } from './tool.ts';
import type { ToolServices } from './tools.ts';

const InputSchema = z.record(z.string(), JsonValueSchema);

const instance = z.string().optional().describe('The connection that is meant; there is "default".');
const id = executionIdInput;

const ListInput = z.strictObject({
  instance,
  workflowId: z.string().max(200).optional().describe('The integer id or the ref of a workflow.'),
  finished: z.boolean().optional(),
  status: z
    .string()
    .max(64)
    .optional()
    .describe(`success, error (also timeout and crashed), waiting, or any of ${EXECUTION_STATUSES.join(', ')}.`),
  includeData: z.boolean().default(false).describe('With what their tasks did: slower, and much larger.'),
  limit: z.int().min(1).max(250).default(100),
  cursor: z.string().max(200).optional().describe('The nextCursor of the answer before.'),
});
const GetInput = z.strictObject({ instance, id, includeData: z.boolean().default(true) });
const StartInput = z.strictObject({
  workflow: z.string().max(200).describe('The ref of a workflow or an action.'),
  input: InputSchema.optional(),
  version: z.string().max(64).optional(),
  idempotencyKey: IdempotencyKeySchema,
  wait: z.number().min(0).max(60).optional().describe('Seconds to wait for its end.'),
});
const CancelInput = z.strictObject({ id, reason: z.string().max(1000).optional() });
const SignalInput = z.strictObject({
  id,
  name: z.string().min(1).max(200),
  payload: JsonValueSchema.optional(),
  idempotencyKey: IdempotencyKeySchema.optional().describe('The same key is one signal, however often it is sent.'),
});
const WaitInput = z.strictObject({ id, timeoutSeconds: z.number().min(1).max(300) });

const DeleteInput = z.strictObject({ instance, id });
const RetryInput = z.strictObject({
  instance,
  id,
  from: z.string().max(64).optional().describe('failed (as it is unless given), start, or the name of a task.'),
  input: InputSchema.optional().describe('Another input: only from the start.'),
  version: z.string().max(64).optional().describe('The newest revision of the workflow with this label.'),
  idempotencyKey: IdempotencyKeySchema.optional().describe('The same key is one retry, however often it is sent.'),
});
const DeletedSchema = z.object({ success: z.literal(true), id });

/** Seconds between two notices of progress. */
const PROGRESS_SECONDS = 2;

/** Document 004's tools, and those that start and change runs. */
export function executionTools({
  executions,
  lists,
  retries,
  deletions,
}: Pick<ToolServices, 'executions' | 'lists' | 'retries' | 'deletions'>) {
  const list: Tool<typeof ListInput, typeof ExecutionListSchema> = {
    name: 'list_executions',
    description: 'List executions, newest first, with filters and a cursor.',
    permission: 'execution:read',
    effect: 'reads',
    input: ListInput,
    output: ExecutionListSchema,
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
                (found) => executionOf(found, true),
                (error: unknown) => {
                  // One that cannot be read is listed as the index has it.
                  if (isPassing(error)) throw error;
                  return summaryOf(row, retried.get(row.n) ?? []);
                },
              ),
            ),
          )
        : rows.map((row) => summaryOf(row, retried.get(row.n) ?? []));
      return { data, ...(nextCursor === null ? {} : { nextCursor }) };
    },
  };

  const get: Tool<typeof GetInput, typeof ExecutionSchema> = {
    name: 'get_execution',
    description: 'Get an execution with what each of its tasks did.',
    permission: 'execution:read',
    effect: 'reads',
    input: GetInput,
    output: ExecutionSchema,
    async run(principal, { instance: name, id: of, includeData }) {
      demandInstance(name);
      return executionOf(await executions.get(principal, String(of)), includeData);
    },
  };

  const start: Tool<typeof StartInput, typeof ExecutionSchema> = {
    name: 'start_execution',
    description: 'Start a workflow, or a plain action. The same idempotencyKey with the same input is one execution.',
    permission: 'execution:execute',
    effect: 'changes',
    idempotent: true,
    input: StartInput,
    output: ExecutionSchema,
    async run(principal, { workflow, input = {}, version, idempotencyKey, wait }) {
      const command = { ref: workflow, input, inputField: 'input', version, idempotencyKey };
      const started = await executions.start(principal, command);
      return executionOf(wait === undefined ? started : await executions.waitFor(principal, started, wait), true);
    },
  };

  const cancel: Tool<typeof CancelInput, typeof ExecutionSchema> = {
    name: 'cancel_execution',
    description: 'Ask an execution to stop; its cleanup runs.',
    permission: 'execution:execute',
    effect: 'destroys',
    idempotent: true,
    input: CancelInput,
    output: ExecutionSchema,
    run: async (principal, { id: of, reason = '' }) =>
      executionOf(await executions.cancel(principal, String(of), reason), false),
  };

  const signal: Tool<typeof SignalInput, typeof ExecutionSchema> = {
    name: 'signal_execution',
    description: 'Send a signal to an execution.',
    permission: 'execution:execute',
    effect: 'changes',
    input: SignalInput,
    output: ExecutionSchema,
    run: async (principal, { id: of, name, payload = null, idempotencyKey }) =>
      executionOf(await executions.signal(principal, String(of), { name, payload, idempotencyKey }), false),
  };

  const wait: Tool<typeof WaitInput, typeof ExecutionSchema> = {
    name: 'wait_for_execution',
    description: 'Wait until an execution has finished, for some seconds at most, and get it as it is then.',
    permission: 'execution:read',
    effect: 'reads',
    input: WaitInput,
    output: ExecutionSchema,
    async run(principal, { id: of, timeoutSeconds }, context) {
      let found = await executions.get(principal, String(of));
      for (let waited = 0; waited < timeoutSeconds && !isClosed(found.execution.status); ) {
        const seconds = Math.min(PROGRESS_SECONDS, timeoutSeconds - waited);
        found = await executions.waitFor(principal, found, seconds);
        waited += seconds;
        await tellProgress(context, waited, timeoutSeconds, found.execution.status);
      }
      return executionOf(found, true);
    },
  };

  const remove: Tool<typeof DeleteInput, typeof DeletedSchema> = {
    name: 'delete_execution',
    description: 'Delete an execution that has finished, for good.',
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

  const retry: Tool<typeof RetryInput, typeof ExecutionSchema> = {
    name: 'retry_execution',
    description: 'Try a failed execution again: a new one that goes on where it stood, and does nothing twice.',
    permission: 'execution:execute',
    effect: 'changes',
    input: RetryInput,
    output: ExecutionSchema,
    async run(principal, { instance: name, id: of, from = 'failed', input, version, idempotencyKey }) {
      demandInstance(name);
      return executionOf(await retries.retry(principal, String(of), { from, input, version, idempotencyKey }), true);
    },
  };

  return [list, get, retry, remove, start, cancel, signal, wait] as const;
}

/** A workflow by its integer id, or by its ref. */
function workflowFilter(workflow: string): { definition: number } | { ref: string } {
  const definition = Number(workflow);
  return /^\d+$/.test(workflow) && definition <= MAX_ROW_ID ? { definition } : { ref: workflow };
}

/** There is one connection as yet. */
function demandInstance(name = 'default'): void {
  if (name === 'default') return;
  throw new AppError('request_invalid', `there is no instance "${name}"; known: default`);
}

async function tellProgress(context: ToolContext, progress: number, total: number, message: string): Promise<void> {
  const progressToken = context._meta?.progressToken;
  if (progressToken === undefined) return;
  await context.sendNotification({
    method: 'notifications/progress',
    params: { progressToken, progress, total, message },
  });
}
