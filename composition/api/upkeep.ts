import { executionIndexRoutes } from '../../api/admin/execution-index.ts';
import { docsRoutes, type SystemServices, systemRoutes } from '../../api/admin/system.ts';
import type { Router } from '../../api/http/router.ts';
import { OWN_TASK_QUEUE } from '../../model/run-input.ts';
import { createLookout } from '../../service/background/lookout.ts';
import type { Loop } from '../../service/background/loops.ts';
import { createCountFolds } from '../../service/index/count-folds.ts';
import { createIndexKeeper, type IndexKeeperDependencies } from '../../service/index/reconciler.ts';
import { createStrikeKeeper } from '../../service/index/run-strikes.ts';
import { createIndexService, type IndexService } from '../../service/index/service.ts';
import { createConcurrencyKeeper } from '../../service/starts/concurrency.ts';
import { createRequestKeeper } from '../../service/starts/request-keeper.ts';
import { createDueWorkStore } from '../../store/due-work.ts';
import { createBulkJobStore } from '../../store/executions/bulk-jobs.ts';
import { createIdempotencyKeyStore } from '../../store/executions/idempotency-keys.ts';
import { createRunStrikeStore } from '../../store/executions/run-strikes.ts';
import type { AccessServices } from './access.ts';
import type { Foundation } from './foundation.ts';
import type { ApiOptions } from './options.ts';

/** The services about this installation. */
export interface UpkeepServices extends Omit<SystemServices, 'index' | 'masterKeys' | 'payloads'> {
  index: IndexService;
}

/** Composes the services, and the loops that keep the index up to date. */
export function composeUpkeep(
  { db, stores, queues, temporal, projections, bells, alarm, log, clock }: Foundation,
  { database, workerState }: ApiOptions,
  { onRead, onDescribed }: Required<Pick<IndexKeeperDependencies, 'onRead' | 'onDescribed'>>,
): { services: UpkeepServices; loops: Loop[] } {
  const keeper = createIndexKeeper({
    temporal,
    projections,
    store: stores.executions,
    log,
    clock,
    onRead,
    onDescribed,
    alarm,
    bell: bells.runs,
  });
  const { namespace } = temporal;
  return {
    services: {
      index: createIndexService(keeper, queues.entries),
      readiness: { temporal: temporal.ping, database: database.probe },
      countWorkers: () => temporal.pollers(OWN_TASK_QUEUE),
      workerState,
    },
    loops: [
      keeper,
      createConcurrencyKeeper({ temporal, store: stores.turns, bell: bells.turns, log, clock }),
      createCountFolds({ store: stores.executions, bell: bells.counts, log }),
      createRequestKeeper({ keys: createIdempotencyKeyStore(db), jobs: createBulkJobStore(db), clock, log }),
      createStrikeKeeper({ temporal, store: createRunStrikeStore(db), bell: bells.strikes, log, now: clock }),
      createLookout({ store: createDueWorkStore(db), namespace, bells, alarm, clock, log }),
    ],
  };
}

/** Creates the routes of the services. */
export function upkeepRoutes(services: UpkeepServices & Pick<AccessServices, 'masterKeys' | 'payloads'>): Router[] {
  return [systemRoutes(services), docsRoutes(), executionIndexRoutes(services.index)];
}
