import type { Router } from '../../api/http/router.ts';
import { ruleRoutes } from '../../api/rules/rules.ts';
import { ruleTestRoutes } from '../../api/rules/tests.ts';
import { triggerRoutes } from '../../api/rules/triggers.ts';
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
import { createRecordedEvents } from '../../service/events/reads/recorded-events.ts';
import type { DeletionService } from '../../service/executions/deletions.ts';
import { createPackImportService, type InTransaction, type PackImportService } from '../../service/packs/imports.ts';
import { createPackService, type PackService } from '../../service/packs/packs.ts';
import { createRestraintTests } from '../../service/rules/restraint-tests.ts';
import { createRuleExaminer } from '../../service/rules/rule-examiner.ts';
import { createRuleTestService, type RuleTestService } from '../../service/rules/rule-tests.ts';
import { createRuleTrials, type RuleTrials } from '../../service/rules/rule-trials.ts';
import { createRuleService, type RuleService } from '../../service/rules/rules.ts';
import { createTriggerService, type TriggerService } from '../../service/rules/triggers.ts';
import { createSimulationService, type SimulationService } from '../../service/simulations/simulations.ts';
import { createTaskQueueStore } from '../../store/access/task-queues.ts';
import { createWebhookStore } from '../../store/access/webhooks.ts';
import { createActionStore } from '../../store/definitions/actions.ts';
import { createDefinitionStore } from '../../store/definitions/definitions.ts';
import { createStartSlotStore } from '../../store/events/start-slots.ts';
import { createRuleKeyStore } from '../../store/rules/rule-keys.ts';
import { createRuleStore } from '../../store/rules/rules.ts';
import { createTriggerStore } from '../../store/rules/triggers.ts';
import type { AccessServices } from './access.ts';
import type { Foundation } from './foundation.ts';

/** The services about what can be run. */
export interface DefinitionServices {
  definitions: DefinitionService;
  examinations: StoredExaminations;
  simulations: SimulationService;
  packs: PackService;
  actions: ActionService;
  triggers: TriggerService;
  rules: RuleService;
  ruleTests: RuleTestService;
  ruleTrials: RuleTrials;
}

/** Composes the services. */
export function composeDefinitions(
  { db, stores, pool, clock }: Foundation,
  { taskQueues: queues, connections }: Pick<AccessServices, 'taskQueues' | 'connections'>,
  deliveryWarnings: NonNullable<DefinitionDependencies['deliveryWarnings']>,
): DefinitionServices {
  const { definitions: store, actions: actionStore, triggers, webhooks } = stores;
  const definitions = createDefinitionService({ store, actions: actionStore, pool, deliveryWarnings });
  const actions = createActionService({ store: actionStore, packs: store, queues });
  const examiner = createRuleExaminer({ definitions: store, actions: actionStore, triggers, webhooks });
  const rules = createRuleService({ store: stores.rules, packs: store, examiner });
  const trials = createRuleTrials({
    definitions,
    actions,
    restraints: createRestraintTests(createRuleKeyStore(db), createStartSlotStore(db)),
  });
  return {
    definitions,
    examinations: createStoredExaminations(definitions),
    simulations: createSimulationService({ definitions, connections, pool, clock }),
    packs: createPackService(store),
    actions,
    triggers: createTriggerService(triggers, store),
    rules,
    ruleTrials: trials,
    ruleTests: createRuleTestService({
      rules,
      examiner,
      trials,
      events: createRecordedEvents(stores.eventLists),
      clock,
    }),
  };
}

/** Composes the import of packs, each in one transaction. */
export function composePackImports(
  { db, stores, pool, eventMetrics }: Foundation,
  parts: DefinitionServices,
  deletions: DeletionService,
): PackImportService {
  const inTransaction: InTransaction = async (work) => {
    let suppressed = 0;
    const done = await db.transaction((transaction) => {
      const store = createDefinitionStore(transaction);
      const actionStore = createActionStore(transaction);
      const queues: TaskQueueService = createTaskQueueService({
        store: createTaskQueueStore(transaction),
        principals: stores.principals,
      });
      const triggers = createTriggerStore(transaction);
      const rules = createRuleStore(transaction, (enforcements) => {
        suppressed += enforcements;
      });
      return work({
        packs: createPackService(store),
        triggers: createTriggerService(triggers, store),
        actions: createActionService({ store: actionStore, packs: store, queues }),
        definitions: createDefinitionService({ store, actions: actionStore, pool }),
        rules: createRuleService({
          store: rules,
          packs: store,
          examiner: createRuleExaminer({
            definitions: store,
            actions: actionStore,
            triggers,
            webhooks: createWebhookStore(transaction),
          }),
        }),
      });
    });
    // A transaction that is rolled back suppresses nothing.
    eventMetrics.noteSuppressed(suppressed);
    return done;
  };
  return createPackImportService({ parts, inTransaction, deletions });
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
    ruleTestRoutes(services.ruleTests),
    ruleRoutes(services.rules),
    triggerRoutes(services.triggers),
  ];
}
