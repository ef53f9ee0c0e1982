import type { Router } from '../../api/http/router.ts';
import { actionRoutes } from '../../api/workflows/actions.ts';
import { packRoutes } from '../../api/workflows/packs.ts';
import { workflowRoutes } from '../../api/workflows/routes.ts';
import { sourceRoutes } from '../../api/workflows/source.ts';
import { workflowToolRoutes } from '../../api/workflows/tools.ts';
import type { TaskQueueService } from '../../service/access/task-queues.ts';
import { createTaskQueueService } from '../../service/access/task-queues.ts';
import { type ActionService, createActionService } from '../../service/actions/custom-actions.ts';
import {
  createDefinitionService,
  type DefinitionDependencies,
  type DefinitionService,
} from '../../service/definitions/definitions.ts';
import { createStoredExaminations, type StoredExaminations } from '../../service/definitions/stored-examinations.ts';
import type { DeletionService } from '../../service/executions/deletions.ts';
import { createPackImportService, type InTransaction, type PackImportService } from '../../service/packs/imports.ts';
import { createPackService, type PackService } from '../../service/packs/packs.ts';
import { createSimulationService, type SimulationService } from '../../service/simulations/simulations.ts';
import { createTaskQueueStore } from '../../store/access/task-queues.ts';
import { createActionStore } from '../../store/definitions/actions.ts';
import { createDefinitionStore } from '../../store/definitions/definitions.ts';
import type { AccessServices } from './access.ts';
import type { Foundation } from './foundation.ts';

/** The services about what can be run. */
export interface DefinitionServices {
  definitions: DefinitionService;
  examinations: StoredExaminations;
  simulations: SimulationService;
  packs: PackService;
  actions: ActionService;
}

/** Composes the services. */
export function composeDefinitions(
  { stores, pool, clock }: Foundation,
  { taskQueues: queues, connections }: Pick<AccessServices, 'taskQueues' | 'connections'>,
  deliveryWarnings: NonNullable<DefinitionDependencies['deliveryWarnings']>,
): DefinitionServices {
  const { definitions: store, actions } = stores;
  const definitions = createDefinitionService({ store, actions, pool, deliveryWarnings });
  return {
    definitions,
    examinations: createStoredExaminations(definitions),
    simulations: createSimulationService({ definitions, connections, pool, clock }),
    packs: createPackService(store),
    actions: createActionService({ store: actions, packs: store, queues }),
  };
}

/** Composes the import of packs, each in one transaction. */
export function composePackImports(
  { db, stores, pool }: Foundation,
  { packs, actions, definitions }: DefinitionServices,
  deletions: DeletionService,
): PackImportService {
  const inTransaction: InTransaction = (work) =>
    db.transaction((transaction) => {
      const store = createDefinitionStore(transaction);
      const actionStore = createActionStore(transaction);
      const queues: TaskQueueService = createTaskQueueService({
        store: createTaskQueueStore(transaction),
        principals: stores.principals,
      });
      return work({
        packs: createPackService(store),
        actions: createActionService({ store: actionStore, packs: store, queues }),
        definitions: createDefinitionService({ store, actions: actionStore, pool }),
      });
    });
  return createPackImportService({ parts: { packs, actions, definitions }, inTransaction, deletions });
}

/** Creates the routes of the services. */
export function definitionRoutes(
  services: DefinitionServices & { imports: PackImportService; deletions: DeletionService },
): Router[] {
  return [
    workflowToolRoutes(services.definitions, services.simulations, services.examinations),
    sourceRoutes(services.definitions),
    workflowRoutes(services.definitions, services.deletions),
    packRoutes(services.packs, services.imports),
    actionRoutes(services.actions),
  ];
}
