import { z } from 'zod';
import type { JsonObject } from '../model/json.ts';
import { JsonValueSchema } from '../model/json-value.ts';
import { EXECUTION_STATUSES } from '../model/status.ts';
import type { AdvisedRequest } from '../service/executions/advice.ts';
import { buildExecution, executionIdInput, ToolExecutionSchema } from './execution-data.ts';
import type { ToolServices } from './services.ts';
import type { Tool } from './tool.ts';

const reason = z.string().max(1000).optional().describe('Kept in the audit log.');
const ReasonedInput = z.strictObject({ id: executionIdInput, reason });
const IdInput = z.strictObject({ id: executionIdInput });
const SkipInput = z.strictObject({
  id: executionIdInput,
  task: z
    .string()
    .max(200)
    .describe('The key of the waiting task: `name`, `name#2` for its second visit, `name[0]` for an item.'),
  output: JsonValueSchema.optional().describe('The output of the task. Defaults to null. Not allowed for an inquiry.'),
  reason,
});
const JoinSchema = z.object({
  task: z.string(),
  needed: z.number(),
  arrived: z.array(z.string()),
  missing: z.array(z.string()),
});
const ExplanationSchema = z.object({
  state: z.enum(EXECUTION_STATUSES),
  canFinish: z.boolean().describe('Whether it can still complete, by itself or by following the advice.'),
  waitingFor: z.array(
    z.object({
      kind: z.string(),
      task: z.string().nullable(),
      since: z.string().nullable(),
      until: z.string().nullable(),
      detail: z.string().nullable(),
    }),
  ),
  blockedBy: z.array(JoinSchema).describe('Joins that some, but not all, of their tasks have reached.'),
  advice: z
    .array(
      z.object({
        code: z.string().nullable().describe('A stable code of the problem; null if there is none.'),
        text: z.string(),
        tool: z.string().nullable().describe('The tool that does it; null where none can.'),
        arguments: z
          .record(z.string(), JsonValueSchema)
          .nullable()
          .describe('What the tool is called with, beyond what only the caller knows.'),
      }),
    )
    .describe('Who or what can move it, and by which tool.'),
});
const AtInput = z.strictObject({
  id: executionIdInput,
  event: z
    .int()
    .min(1)
    .max(1_000_000)
    .describe('The number of an event of its history; the execution is shown as it was after that event.'),
});
const MomentSchema = z.object({
  event: z.number(),
  execution: ToolExecutionSchema,
  variables: z.record(z.string(), JsonValueSchema),
  inputs: z.record(z.string(), JsonValueSchema).describe('The rendered inputs, by the key of the visit or item.'),
  blockedBy: z.array(JoinSchema).describe('Joins that had a part of what they wait for.'),
});
const LogsInput = z.strictObject({
  id: executionIdInput,
  limit: z.int().min(1).max(1000).default(100).describe('How many of the last entries to return.'),
});
const LogsSchema = z.object({
  data: z.array(
    z.object({
      timestamp: z.string(),
      level: z.string(),
      message: z.string(),
      task: z.string().nullable(),
      attempt: z.number().nullable(),
      metadata: z.record(z.string(), JsonValueSchema).nullable(),
    }),
  ),
  total: z.number(),
});

/** Creates the tools that control and explain one execution. */
export function controlTools({
  executions,
  controls,
  explanations,
}: Pick<ToolServices, 'executions' | 'controls' | 'explanations'>) {
  const terminate: Tool<typeof ReasonedInput, typeof ToolExecutionSchema> = {
    name: 'terminate_execution',
    description: 'Terminate an execution at once, without its cleanup. Prefer cancel_execution.',
    permission: 'execution:execute',
    effect: 'destroys',
    idempotent: true,
    input: ReasonedInput,
    output: ToolExecutionSchema,
    run: async (principal, { id, reason: why = '' }) =>
      buildExecution(await executions.terminate(principal, String(id), why), false),
  };

  const change = (
    what: 'pause' | 'resume',
    description: string,
  ): Tool<typeof ReasonedInput, typeof ToolExecutionSchema> => ({
    name: `${what}_execution`,
    description,
    permission: 'execution:execute',
    effect: 'changes',
    idempotent: true,
    input: ReasonedInput,
    output: ToolExecutionSchema,
    run: async (principal, { id, reason: why = null }) =>
      buildExecution(await controls.control(principal, String(id), { what }, why), false),
  });

  const skip: Tool<typeof SkipInput, typeof ToolExecutionSchema> = {
    name: 'skip_task',
    description:
      'End the wait of a task for a signal, a timer or another attempt. The task succeeds with `output`. An inquiry is withdrawn, and its task fails.',
    permission: 'execution:execute',
    effect: 'destroys',
    idempotent: true,
    input: SkipInput,
    output: ToolExecutionSchema,
    run: async (principal, { id, task: key, output = null, reason: why = null }) =>
      buildExecution(await controls.control(principal, String(id), { what: 'skip', key, output }, why), false),
  };

  const explain: Tool<typeof IdInput, typeof ExplanationSchema> = {
    name: 'explain_execution',
    description: 'Explain the state of an execution: what it waits for, and who or what can make it continue.',
    permission: 'execution:read',
    effect: 'reads',
    input: IdInput,
    output: ExplanationSchema,
    async run(principal, { id }) {
      const { execution, canFinish, blockedBy, advice } = await explanations.explain(principal, String(id));
      return {
        state: execution.status,
        canFinish,
        waitingFor: execution.waitingFor,
        blockedBy,
        advice: advice.map(({ code = null, text, act }) => ({ code, text, ...describeToolCall(act) })),
      };
    },
  };

  const at: Tool<typeof AtInput, typeof MomentSchema> = {
    name: 'get_execution_at',
    description: 'Get an execution as it was at an event of its history.',
    permission: 'execution:read',
    effect: 'reads',
    input: AtInput,
    output: MomentSchema,
    async run(principal, { id, event }) {
      const { n, execution, joins } = await explanations.at(principal, String(id), { event, traced: false });
      return {
        event,
        execution: buildExecution({ n, execution, retries: [] }, true),
        variables: execution.variables,
        inputs: Object.fromEntries(execution.tasks.map(({ key, input }) => [key, input])),
        blockedBy: joins,
      };
    },
  };

  const logs: Tool<typeof LogsInput, typeof LogsSchema> = {
    name: 'get_execution_logs',
    description: 'Get the log of an execution: its events and what its tasks have logged, oldest first.',
    permission: 'execution:read',
    effect: 'reads',
    input: LogsInput,
    output: LogsSchema,
    async run(principal, { id, limit }) {
      const { entries, total } = await executions.logs(principal, String(id), { after: -1, limit, task: null });
      return { data: entries, total };
    },
  };

  return [
    terminate,
    change('pause', 'Pause an execution: running tasks finish, nothing new is started until it is resumed.'),
    change('resume', 'Resume a paused execution.'),
    skip,
    explain,
    at,
    logs,
  ] as const;
}

/** Returns the tool that does what is advised, and what it is called with; null where no tool can. */
export function describeToolCall(act: AdvisedRequest | null): { tool: string | null; arguments: JsonObject | null } {
  if (act === null) return { tool: null, arguments: null };
  if (act.what === 'respond') return { tool: 'answer_inquiry', arguments: { id: act.inquiry } };
  const { what, execution: id } = act;
  switch (what) {
    case 'skip':
      return { tool: 'skip_task', arguments: { id, task: act.task } };
    case 'signal':
      return { tool: 'signal_execution', arguments: { id, name: act.name } };
    case 'retry':
      return { tool: 'retry_execution', arguments: act.from === null ? { id } : { id, from: act.from } };
    default:
      return { tool: `${what}_execution`, arguments: { id } };
  }
}
