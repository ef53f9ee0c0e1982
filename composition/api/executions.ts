import { automationRoutes } from '../../api/automation/routes.ts';
import { bulkRoutes } from '../../api/executions/bulk.ts';
import { explanationRoutes } from '../../api/executions/explanations.ts';
import { executionHistoryRoutes } from '../../api/executions/history.ts';
import { ledgerRoutes } from '../../api/executions/ledger.ts';
import { executionListRoutes } from '../../api/executions/lists.ts';
import { executionRoutes } from '../../api/executions/routes.ts';
import { streamRoutes } from '../../api/executions/streams.ts';
import { taskRoutes } from '../../api/executions/tasks.ts';
import type { Router } from '../../api/http/router.ts';
import type { StreamGate } from '../../api/http/streams/gate.ts';
import { graphRoutes } from '../../api/workflows/graphs.ts';
import { scheduleRoutes } from '../../api/workflows/schedules.ts';
import type { Loop } from '../../service/background/loops.ts';
import { type Causes, createCauses } from '../../service/events/causes.ts';
import { type BulkService, type BulkServices, createBulkService } from '../../service/executions/bulk-jobs.ts';
import { createDeletionService, type DeletionService } from '../../service/executions/deletions.ts';
import {
  createExecutionService,
  type ExecutionDependencies,
  type ExecutionService,
} from '../../service/executions/executions.ts';
import {
  createExplanationService,
  type ExplanationDependencies,
  type ExplanationService,
} from '../../service/executions/explanations.ts';
import { createFailureHooks } from '../../service/executions/failure-hooks.ts';
import { createWatchService, type WatchService } from '../../service/executions/live-events/service.ts';
import { createRetryService, type RetryService } from '../../service/executions/retries.ts';
import { createTaskExecutionService, type TaskExecutionService } from '../../service/executions/task-executions.ts';
import { createGraphService, type GraphService } from '../../service/graphs/graphs.ts';
import { type ChainService, createChainService } from '../../service/histories/chains.ts';
import { createHistoryExportService, type HistoryExportService } from '../../service/histories/exports/exports.ts';
import { type ChangeService, createChangeService } from '../../service/index/change-feed.ts';
import { createExecutionLists, type ExecutionLists } from '../../service/index/lists.ts';
import { createScheduleService, type ScheduleService } from '../../service/schedules/schedules.ts';
import { createLauncher } from '../../service/starts/launches.ts';
import { createAuthenticator } from '../../service/starts/warrants.ts';
import { createLedgerService, type LedgerService } from '../../service/statements/ledger.ts';
import { createScheduleLeaseStore } from '../../store/definitions/schedule-leases.ts';
import { createBulkJobStore } from '../../store/executions/bulk-jobs.ts';
import { createFailureHookStore } from '../../store/executions/failure-hooks.ts';
import { createTemporalSchedules } from '../../temporal/schedules.ts';
import type { AccessServices } from './access.ts';
import type { DefinitionServices } from './definitions.ts';
import type { Foundation } from './foundation.ts';
import type { ApiOptions } from './options.ts';

/** The services about runs. */
export interface ExecutionServices {
  executions: ExecutionService;
  /** The causes of runs: rules, for events. */
  causes: Causes;
  tasks: TaskExecutionService;
  chains: ChainService;
  exports: HistoryExportService;
  lists: ExecutionLists;
  watches: WatchService;
  changes: ChangeService;
  retries: RetryService;
  explanations: ExplanationService;
  graphs: GraphService;
  deletions: DeletionService;
  schedules: ScheduleService;
  ledger: LedgerService;
}

/** The dependencies on services of other subjects. */
export interface ExecutionNeeds {
  access: AccessServices;
  definitions: DefinitionServices;
  deliveries: ExplanationDependencies['deliveries'];
  onRead: ExecutionDependencies['onRead'];
}

/** Composes the services, and their loops. */
export function composeExecutions(
  foundation: Foundation,
  { connection, codec }: ApiOptions,
  { access, definitions: { definitions }, deliveries, onRead }: ExecutionNeeds,
): { services: ExecutionServices; loops: Loop[] } {
  const { db, stores, temporal, namespace, pool, projections, signer, isAuthentic, repeats, bells, log, clock } =
    foundation;
  const { principals, taskQueues: queues } = access;
  const store = stores.executions;
  const launcher = createLauncher({ temporal, store, turns: stores.turns, signer, queues, clock });
  const authenticate = createAuthenticator({ store: stores.signingKeys, clock });
  const causes = createCauses(stores);
  const executions = createExecutionService({
    temporal,
    projections,
    store,
    enforcements: stores.enforcements,
    entries: foundation.queues.entries,
    launcher,
    definitions,
    signer,
    queues,
    authenticate,
    repeats,
    onRead,
    clock,
    log,
  });
  const retries = createRetryService({ executions, projections, launcher, signer, clock });
  const deletions = createDeletionService({ temporal, stores, executions, definitions, clock });
  const schedules = createScheduleService({
    temporal: createTemporalSchedules({ connection, namespace, codec }),
    executions,
    principals,
    repeats,
    leases: createScheduleLeaseStore(db, namespace),
    log,
    clock,
  });
  const hooks = createFailureHooks({
    store: createFailureHookStore(db),
    executions,
    isAuthentic,
    namespace,
    bell: bells.hooks,
    log,
  });
  return {
    services: {
      executions,
      causes,
      tasks: createTaskExecutionService({ executions, projections, store }),
      chains: createChainService({ temporal, executions }),
      exports: createHistoryExportService({ temporal, executions, pool, clock }),
      lists: createExecutionLists({ store, definitions: stores.definitions, namespace }),
      watches: createWatchService({ temporal, executions, pool, log }),
      changes: createChangeService({ store, log }),
      retries,
      explanations: createExplanationService({ executions, projections, temporal, deliveries }),
      graphs: createGraphService({ definitions, executions, pool }),
      deletions,
      schedules,
      ledger: createLedgerService({ executions, temporal }),
    },
    loops: [schedules, hooks],
  };
}

/** Composes the service of bulk jobs, which need the services of runs and of controls. */
export function composeBulk(
  { db, stores, repeats, bells, clock, log }: Foundation,
  { executions, retries, deletions }: ExecutionServices,
  controls: BulkServices['controls'],
  { principals }: AccessServices,
): BulkService {
  const jobs = createBulkJobStore(db);
  const { executions: store } = stores;
  return createBulkService({
    jobs,
    store,
    executions,
    controls,
    retries,
    deletions,
    principals,
    repeats,
    bell: bells.bulk,
    clock,
    log,
  });
}

/** Creates the routes of the services; `gate` admits streams. */
export function executionsRoutes(
  services: ExecutionServices & { bulk: BulkService } & Pick<DefinitionServices, 'definitions' | 'rules'>,
  gate: StreamGate,
): Router[] {
  const { executions, tasks, lists, deletions } = services;
  return [
    scheduleRoutes(services.schedules),
    executionListRoutes(lists, tasks, services.causes),
    bulkRoutes(services.bulk, lists),
    streamRoutes(services.watches, services.changes, gate),
    explanationRoutes(services.explanations),
    graphRoutes(services.graphs),
    executionRoutes(executions, tasks, deletions),
    taskRoutes(tasks),
    executionHistoryRoutes(executions, services.chains, services.exports),
    ledgerRoutes(services.ledger),
    automationRoutes({ ...services, service: executions }),
  ];
}
