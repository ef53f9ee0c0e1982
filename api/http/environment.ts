import type { IncomingMessage } from 'node:http';
import { OpenAPIHono, type RouteConfig, type z } from '@hono/zod-openapi';
import type { Context, Env } from 'hono';
import { AppError } from '../../model/app-error.ts';
import { andMore, capIssues } from '../../model/issue.ts';
import type { JobPool } from '../../model/job-pool.ts';
import type { Json } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import { namedByRef } from '../../model/pack-issues.ts';
import type { Permission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';
import { issuesOf } from '../../model/zod-issues.ts';
import type { AuditService } from '../../service/access/audit.ts';
import type { ConnectionService } from '../../service/access/connections.ts';
import type { MasterKeyService } from '../../service/access/master-keys.ts';
import type { PayloadService } from '../../service/access/payloads.ts';
import type { PrincipalService } from '../../service/access/principals.ts';
import type { SecretService } from '../../service/access/secrets.ts';
import type { TaskQueueService } from '../../service/access/task-queues.ts';
import type { ControlService } from '../../service/controls/controls.ts';
import type { ActionService } from '../../service/definitions/custom-actions.ts';
import type { DefinitionService } from '../../service/definitions/definitions.ts';
import type { SimulationService } from '../../service/definitions/simulations.ts';
import type { BulkService } from '../../service/executions/bulk-jobs.ts';
import type { ChangeService } from '../../service/executions/changes.ts';
import type { DeletionService } from '../../service/executions/deletions.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import type { ExplanationService } from '../../service/executions/explanations.ts';
import type { LedgerService } from '../../service/executions/ledger.ts';
import type { ExecutionLists } from '../../service/executions/lists.ts';
import type { RetryService } from '../../service/executions/retries.ts';
import type { TaskExecutionService } from '../../service/executions/task-executions.ts';
import type { WatchService } from '../../service/executions/watches.ts';
import type { IndexService } from '../../service/index/service.ts';
import type { DelegationService } from '../../service/inquiries/delegations.ts';
import type { InquiryService } from '../../service/inquiries/inquiries.ts';
import type { InquiryLinkService } from '../../service/inquiries/links.ts';
import type { SignalTokenService } from '../../service/inquiries/signal-tokens.ts';
import type { DeliveryService } from '../../service/notices/deliveries.ts';
import type { PackImportService } from '../../service/packs/imports.ts';
import type { PackService } from '../../service/packs/packs.ts';
import type { ScheduleService } from '../../service/schedules/schedules.ts';
import type { SigningKeyService } from '../../service/statements/signing-keys.ts';
import type { ParseJobs } from './body-parser.ts';
import type { ErrorForm } from './errors.ts';
import type { RequestObserver } from './middleware.ts';

/** What every route finds in its context. */
export interface ApiEnv extends Env {
  /** Where a server of Node answers: its request. */
  Bindings: { incoming?: IncomingMessage };
  Variables: {
    principal: Principal;
    /** Returns whether the credentials of the request still hold, and allow what the route needs. */
    holds: () => Promise<boolean>;
    requestId: string;
    /** Where large bodies are parsed. */
    pool: JobPool<ParseJobs>;
    permission?: Permission;
    errorForm?: ErrorForm;
    /** The service has written what was done to the audit log. */
    audited?: boolean;
    /** The body was read to its end. */
    bodyRead?: boolean;
    /** What a document in the body says. */
    body?: Json;
  };
}

/** How the worker stands that the process of the API looks after. */
export type WorkerState = 'ok' | 'restarting';

/** The use cases that the API serves, and what tells whether it can. */
export interface ApiServices {
  pool: JobPool<ParseJobs>;
  definitions: DefinitionService;
  executions: ExecutionService;
  tasks: TaskExecutionService;
  watches: WatchService;
  changes: ChangeService;
  lists: ExecutionLists;
  index: IndexService;
  bulk: BulkService;
  retries: RetryService;
  controls: ControlService;
  explanations: ExplanationService;
  deletions: DeletionService;
  packs: PackService;
  actions: ActionService;
  connections: ConnectionService;
  secrets: SecretService;
  /** Where payloads are sealed, and the origins whose pages may ask to have them opened. */
  payloads: PayloadService | undefined;
  codecOrigins: readonly string[];
  /** Origins of pages that may call the API from a browser. */
  corsOrigins: readonly string[];
  schedules: ScheduleService;
  inquiries: InquiryService;
  delegations: DelegationService;
  tokens: SignalTokenService;
  ledger: LedgerService;
  links: InquiryLinkService;
  deliveries: DeliveryService;
  /** Where people reach the API; undefined: where they asked. */
  publicUrl: string | undefined;
  imports: PackImportService;
  simulations: SimulationService;
  principals: PrincipalService;
  audit: AuditService;
  /** Requests a minute that a principal may make; 0: no limit, nor one for addresses. */
  rateLimit: number;
  /** Each throws when its part of the system does not answer. */
  readiness: Record<string, () => Promise<void>>;
  /** Counts the workers that serve Fermata's own task queue. */
  countWorkers(): Promise<number>;
  workerState: (() => WorkerState) | undefined;
  signingKeys: SigningKeyService;
  masterKeys: MasterKeyService;
  taskQueues: TaskQueueService;
  /** Hears of every request. */
  observe: RequestObserver | undefined;
  log: Logger;
}

/** Creates a router of the API, for which an address with a slash at its end is the same as without. */
export function createRouter(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({ strict: false });
}

type ValidationResult = { success: true } | { success: false; error: z.ZodError; target: string };

/** What a route does with a request that does not match its schemas: every issue at once, with pointers. */
export function refuse(route: RouteConfig) {
  return (result: ValidationResult, context: Context): Promise<never> | undefined =>
    result.success ? undefined : reject(route, result.error, result.target, context);
}

async function reject(route: RouteConfig, error: z.ZodError, target: string, context: Context): Promise<never> {
  const { schema, value } = await parsedBy(route, target, context);
  const issues = namedByRef(issuesOf(error, schema, value), value as Json | undefined);
  const inDefinition = issues.some(({ path }) => /^\/(definition|param_schema|out_schema)(\/|$)/.test(path));
  const [first] = issues;
  const text = `${first?.path || 'the request'} ${first?.message}${andMore(issues)}`;
  throw new AppError(inDefinition ? 'definition_invalid' : 'request_invalid', text, { issues: capIssues(issues) });
}

async function parsedBy(
  route: RouteConfig,
  target: string,
  context: Context,
): Promise<{ schema: z.ZodType; value: unknown }> {
  const { request } = route;
  if (target === 'json') {
    // Every body of ours is described by a zod schema, never by a reference.
    const content = request?.body?.content['application/json'] as { schema: z.ZodType };
    return { schema: content.schema, value: await context.req.json().catch(() => undefined) };
  }
  if (target === 'query') return { schema: request?.query as z.ZodType, value: context.req.query() };
  return { schema: request?.params as z.ZodType, value: context.req.param() };
}
