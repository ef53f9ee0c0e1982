import { z } from '@hono/zod-openapi';
import type { Cause } from '../../model/events/cause.ts';
import { deriveUuid } from '../../model/execution-id.ts';
import type { JsonObject } from '../../model/json.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import { ruleUuid } from '../../model/rule-id.ts';
import { AUTOMATION_WORDS, automationWord, EXECUTION_STATUSES, type ExecutionStatus } from '../../model/status.ts';
import { buildAutomationView } from '../../service/executions/automation-view.ts';
import type { ExecutionView } from '../../service/executions/reader.ts';
import type { ExecutionPage } from '../../service/index/lists.ts';

// Response bodies of the Automation API: schemas, and the pure functions that build them.

/** The path below which the routes of the Automation API are. */
export const AUTOMATION = '/api/v1/automation';

const InstantSchema = z.iso.datetime();
const LinkSchema = z.object({ href: z.string(), method: z.string() });
const count = () => z.int().min(0);

/** The body of every error. */
export const AutomationErrorSchema = z
  .object({
    error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), JsonValueSchema) }),
  })
  .openapi('AutomationError');

const SUMMARY = {
  execution_id: z.uuid(),
  automation_rule_id: z.uuid(),
  status: z.enum(AUTOMATION_WORDS),
  state: z.enum(EXECUTION_STATUSES).describe('The detailed state; `status` has fewer values.'),
  started_at: InstantSchema,
  completed_at: InstantSchema.nullable(),
  duration_ms: z.number().min(0).nullable(),
  error_message: z.string().nullable(),
  tenant: z.uuid(),
};
/** An execution in a list. */
export const SummarySchema = z
  .object({ ...SUMMARY, _links: z.object({ self: LinkSchema, rule: LinkSchema }) })
  .openapi('AutomationExecutionSummary');
/** An execution. */
export const AutomationExecutionSchema = z
  .object({
    ...SUMMARY,
    trigger_data: JsonValueSchema.describe(
      'The payload of the event, in an object, if a rule has started the execution: null once it was erased. Otherwise its input.',
    ),
    actions_total: count().describe('The number of planned tasks; a task with items counts as one.'),
    actions_successful: count(),
    actions_failed: count(),
    error_stack: z.string().nullable(),
    failed_action_index: z.int().nullable(),
    execution_context: z.record(z.string(), JsonValueSchema).describe('The variables of the execution.'),
    logs: z.array(
      z.object({
        timestamp: InstantSchema,
        level: z.enum(['debug', 'info', 'warn', 'error']),
        message: z.string(),
        action_index: z.int().optional(),
        metadata: z.record(z.string(), JsonValueSchema).optional(),
      }),
    ),
    _links: z.object({ self: LinkSchema, collection: LinkSchema, rule: LinkSchema, retry: LinkSchema.optional() }),
  })
  .openapi('AutomationExecution');
/** The page of a list. */
export const PagingSchema = z.object({
  page: z.int(),
  limit: z.int(),
  total: z.int(),
  totalPages: z.int(),
  hasNext: z.boolean(),
  hasPrev: z.boolean(),
});
/** A rule: one that starts executions for events, a workflow definition or an action. */
export const RuleSchema = z
  .object({
    automation_rule_id: z.uuid(),
    kind: z
      .enum(['rule', 'workflow', 'action'])
      .describe('A rule that starts executions for events; otherwise what was started.'),
    ref: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    version: z.string().nullable(),
    enabled: z.boolean(),
    _links: z.object({ self: LinkSchema, collection: LinkSchema }),
  })
  .openapi('AutomationRule');

/** Builds the fields that an execution and its summary have in common. */
function common(
  n: number,
  tenant: string,
  {
    definition,
    ref,
    cause,
    status,
    created,
    closed,
    error,
  }: {
    definition: number | null;
    cause: Cause | undefined;
    ref: string;
    status: ExecutionStatus;
    created: string;
    closed: string | null;
    error: string | null;
  },
) {
  const id = deriveUuid(n);
  const rule = ruleUuid(
    cause !== undefined ? { eventRule: cause.rule } : definition === null ? { action: ref } : { definition },
  );
  return {
    execution_id: id,
    automation_rule_id: rule,
    status: automationWord(status),
    state: status,
    started_at: created,
    completed_at: closed,
    duration_ms: closed === null ? null : Date.parse(closed) - Date.parse(created),
    error_message: error,
    tenant,
    _links: {
      self: { href: `${AUTOMATION}/executions/${id}`, method: 'GET' },
      rule: { href: `${AUTOMATION}/rules/${rule}`, method: 'GET' },
    },
  };
}

/** Builds the body of an execution in a list. */
export function automationSummaryBody(
  row: ExecutionPage['rows'][number],
  tenant: string,
  causes: ReadonlyMap<number, Cause>,
): z.infer<typeof SummarySchema> {
  const { n, definition, ref, status, created, closed, error, enforcement } = row;
  const cause = enforcement === null ? undefined : causes.get(enforcement);
  const times = { created: created.toISOString(), closed: closed?.toISOString() ?? null };
  return common(n, tenant, { definition, ref, cause, status, ...times, error });
}

/** Builds the body of an execution; `triggerData` is that of its event, if a rule began it. */
export function automationExecutionBody(
  { n, execution }: ExecutionView,
  tenant: string,
  triggerData?: JsonObject | null,
): z.infer<typeof AutomationExecutionSchema> {
  const { memo, workflowType, status, created, closed, failure, input, variables } = execution;
  const definition = memo?.definition_id ?? null;
  const ref = memo?.ref ?? workflowType;
  const { _links, ...summary } = common(n, tenant, {
    definition,
    ref,
    cause: memo?.cause,
    status,
    created,
    closed,
    error: failure?.message ?? null,
  });
  const { total, successful, failed, failedIndex, logs } = buildAutomationView(execution);
  return {
    ...summary,
    trigger_data: triggerData === undefined ? input : triggerData,
    actions_total: total,
    actions_successful: successful,
    actions_failed: failed,
    // Failures have no stack that would say anything about the definition.
    error_stack: null,
    failed_action_index: failedIndex,
    execution_context: variables,
    logs: logs.map(({ timestamp, level, message, index, metadata }) => ({
      timestamp,
      level,
      message,
      ...(index === null ? {} : { action_index: index }),
      ...(metadata === null ? {} : { metadata }),
    })),
    _links: {
      ..._links,
      collection: { href: `${AUTOMATION}/executions`, method: 'GET' },
      ...(automationWord(status) === 'failed'
        ? { retry: { href: `${AUTOMATION}/executions/${summary.execution_id}/retry`, method: 'POST' } }
        : {}),
    },
  };
}
