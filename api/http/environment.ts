import type { IncomingMessage } from 'node:http';
import type { Env } from 'hono';
import type { AppError } from '../../model/app-error.ts';
import type { Issue } from '../../model/issue.ts';
import type { JobPool } from '../../model/job-pool.ts';
import type { Json } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import type { Permission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';
import type { AuditService } from '../../service/access/audit.ts';
import type { ConnectionService } from '../../service/access/connections.ts';
import type { MasterKeyService } from '../../service/access/master-keys.ts';
import type { PayloadService } from '../../service/access/payloads.ts';
import type { PrincipalService } from '../../service/access/principals.ts';
import type { SecretService } from '../../service/access/secrets.ts';
import type { TaskQueueService } from '../../service/access/task-queues.ts';
import type { ActionService } from '../../service/actions/custom-actions.ts';
import type { ControlService } from '../../service/controls/controls.ts';
import type { DefinitionService } from '../../service/definitions/definitions.ts';
import type { StoredExaminations } from '../../service/definitions/stored-examinations.ts';
import type { BulkService } from '../../service/executions/bulk-jobs.ts';
import type { DeletionService } from '../../service/executions/deletions.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import type { ExplanationService } from '../../service/executions/explanations.ts';
import type { WatchService } from '../../service/executions/live-events.ts';
import type { RetryService } from '../../service/executions/retries.ts';
import type { TaskExecutionService } from '../../service/executions/task-executions.ts';
import type { ChangeService } from '../../service/index/change-feed.ts';
import type { ExecutionLists } from '../../service/index/lists.ts';
import type { IndexService } from '../../service/index/service.ts';
import type { DelegationService } from '../../service/inquiries/delegations.ts';
import type { InquiryService } from '../../service/inquiries/inquiries.ts';
import type { InquiryLinkService } from '../../service/inquiries/links.ts';
import type { SignalTokenService } from '../../service/inquiries/signal-tokens.ts';
import type { DeliveryService } from '../../service/notices/deliveries.ts';
import type { PackImportService } from '../../service/packs/imports.ts';
import type { PackService } from '../../service/packs/packs.ts';
import type { ScheduleService } from '../../service/schedules/schedules.ts';
import type { SimulationService } from '../../service/simulations/simulations.ts';
import type { LedgerService } from '../../service/statements/ledger.ts';
import type { SigningKeyService } from '../../service/statements/signing-keys.ts';
import type { ParseJobs } from './body-parser.ts';

/** Builds the body of an error, for APIs that do not use the form of the Executions API. */
export type ErrorForm = (error: AppError, requestId: string) => Record<string, unknown>;

/** Called for every request when its response begins. */
export type RequestObserver = (request: { method: string; route: string; status: number; seconds: number }) => void;

/** The context of every route. */
export interface ApiEnv extends Env {
  /** The request of the Node server, if there is one. */
  Bindings: { incoming?: IncomingMessage };
  Variables: {
    principal: Principal;
    /** Reports whether the credentials of the request are still valid and grant the permission of the route. */
    holds: () => Promise<boolean>;
    requestId: string;
    /** The pool in which large bodies are parsed. */
    pool: JobPool<ParseJobs>;
    permission?: Permission;
    errorForm?: ErrorForm;
    /** Whether the service has already written to the audit log. */
    audited?: boolean;
    /** Whether the body was read completely. */
    bodyRead?: boolean;
    /** The parsed body. */
    body?: Json;
    /** What is doubtful about how the document is written, for answers that have warnings. */
    bodyWarnings?: Issue[];
  };
}

/** The state of the worker process that the API process supervises. */
export type WorkerState = 'ok' | 'restarting';

/** The services behind the API, and its settings. */
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
  /** The payload codec, if payloads are encrypted, and the origins that may use it. */
  payloads: PayloadService | undefined;
  codecOrigins: readonly string[];
  /** Origins that may call the API from a browser. */
  corsOrigins: readonly string[];
  schedules: ScheduleService;
  inquiries: InquiryService;
  delegations: DelegationService;
  tokens: SignalTokenService;
  ledger: LedgerService;
  links: InquiryLinkService;
  deliveries: DeliveryService;
  /** The URL at which people reach the API; undefined means the one of the request. */
  publicUrl: string | undefined;
  imports: PackImportService;
  simulations: SimulationService;
  examinations: StoredExaminations;
  principals: PrincipalService;
  audit: AuditService;
  /** Requests per minute of a principal; 0 disables all rate limits, including those of addresses. */
  rateLimit: number;
  /** Checks of the dependencies, each of which throws if its dependency does not respond. */
  readiness: Record<string, () => Promise<void>>;
  /** Counts the workers that poll Fermata's own task queue. */
  countWorkers(): Promise<number>;
  workerState: (() => WorkerState) | undefined;
  signingKeys: SigningKeyService;
  masterKeys: MasterKeyService;
  taskQueues: TaskQueueService;
  /** Called for every request. */
  observe: RequestObserver | undefined;
  log: Logger;
}
