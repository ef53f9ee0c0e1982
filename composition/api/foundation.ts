import { availableParallelism } from 'node:os';
import { Registry } from 'prom-client';
import { createEgress, type Egress } from '../../egress/egress.ts';
import type { Logger } from '../../model/log.ts';
import { createSealer, type Sealer } from '../../service/access/sealer.ts';
import { type Bell, createAlarm, createBell } from '../../service/background/bell.ts';
import type { WorkBells } from '../../service/background/lookout.ts';
import { awaitEntries, createEntryQueue, type EntryQueue } from '../../service/index/entry-queue.ts';
import {
  awaitReadings,
  createReadingQueue,
  createReadingWriter,
  type ReadingQueue,
} from '../../service/inquiries/inquiry-readings.ts';
import { createProjectionReader, type ProjectionReader } from '../../service/projections/reader.ts';
import { createRunGuard, type RunGuard } from '../../service/starts/authentic-starts.ts';
import { createRepeats, type Repeats } from '../../service/starts/idempotency.ts';
import { loadSigningKeys } from '../../service/statements/signing-keys.ts';
import { createStatementSigner, type StatementSigner } from '../../service/statements/statements.ts';
import { type ConnectionStore, createConnectionStore } from '../../store/access/connections.ts';
import { createPrincipalStore, type PrincipalStore } from '../../store/access/principals.ts';
import { createProcessStore, type ProcessStore } from '../../store/access/processes.ts';
import { createSigningKeyStore, type SigningKeyStore } from '../../store/access/signing-keys.ts';
import { createTaskQueueStore, type TaskQueueStore } from '../../store/access/task-queues.ts';
import { createWebhookStore, type WebhookStore } from '../../store/access/webhooks.ts';
import type { Database } from '../../store/database.ts';
import { type ActionStore, createActionStore } from '../../store/definitions/actions.ts';
import { createDefinitionStore, type DefinitionStore } from '../../store/definitions/definitions.ts';
import { createEnforcementStore, type EnforcementStore } from '../../store/events/enforcements.ts';
import { createEventListStore, type EventListStore } from '../../store/events/event-lists.ts';
import { createEventStore, type EventStore } from '../../store/events/events.ts';
import { createExecutionStore, type ExecutionStore } from '../../store/executions/executions.ts';
import { createIdempotencyKeyStore } from '../../store/executions/idempotency-keys.ts';
import { createTurnStore, type TurnStore } from '../../store/executions/turns.ts';
import { createInquiryStore, type InquiryStore } from '../../store/inquiries/inquiries.ts';
import { createRuleStore, type RuleStore } from '../../store/rules/rules.ts';
import { createTriggerStore, type TriggerStore } from '../../store/rules/triggers.ts';
import { createTemporal, type Temporal } from '../../temporal/gateway.ts';
import { threadModule } from '../../threads/module.ts';
import { createPool, type RunningPool } from '../../threads/pool.ts';
import { createEventMetrics, type EventMetrics } from '../event-metrics.ts';
import { keyRules, trustedRules } from '../network.ts';
import { REST_PURPOSE, readWarrantTrust } from '../reach.ts';
import type { ApiOptions } from './options.ts';

/** The stores that services of several subjects use. */
export interface Stores {
  actions: ActionStore;
  connections: ConnectionStore;
  definitions: DefinitionStore;
  enforcements: EnforcementStore;
  events: EventStore;
  eventLists: EventListStore;
  executions: ExecutionStore;
  inquiries: InquiryStore;
  principals: PrincipalStore;
  processes: ProcessStore;
  rules: RuleStore;
  signingKeys: SigningKeyStore;
  taskQueues: TaskQueueStore;
  triggers: TriggerStore;
  turns: TurnStore;
  webhooks: WebhookStore;
}

/** Queues of facts that requests have read, and the loops that write them. */
export interface Queues {
  entries: EntryQueue;
  readings: ReadingQueue;
}

/** The dependencies of services of all subjects. */
export interface Foundation {
  db: Database;
  /** The stores; what lists runs or inquiries waits for what is queued. */
  stores: Stores;
  queues: Queues;
  /** Wake the loops that have something to do. */
  bells: WorkBells;
  /** Rings while something happens. */
  alarm: Bell;
  eventMetrics: EventMetrics;
  temporal: Temporal;
  namespace: string;
  projections: ProjectionReader;
  pool: RunningPool;
  signer: StatementSigner;
  isAuthentic: RunGuard;
  repeats: Repeats;
  /** Encrypts secrets in the database. */
  atRest: Sealer;
  egress: {
    /** For addresses that tenants name. */
    tenants: Egress;
    /** For addresses that the settings of the process name: they may be on a private network, or near Temporal and the database. */
    settings: Egress;
    /** For the keys of an identity provider. */
    keys: Egress;
  };
  log: Logger;
  /** Returns the time in milliseconds. */
  clock: () => number;
  /** Ends the threads and the connections to other systems. */
  close(): Promise<void>;
}

/** Milliseconds after a request, or after something was found to do, during which loops look often for more. */
const LIVELY = 2_000;

/** Creates the foundation; loads the keys that sign statements, and makes the first one if there is none. */
export async function createFoundation({
  connection,
  namespace,
  database: { db },
  log,
  secretKeys,
  signingPems = [],
  egress: rules = {},
  codec,
  metrics,
}: ApiOptions): Promise<Foundation> {
  const clock = Date.now;
  const temporal = createTemporal({ connection, namespace, codec });
  const pool = createPool({ source: threadModule, size: availableParallelism() + 1 });
  const eventMetrics = metrics?.events() ?? createEventMetrics(new Registry());
  const bells = createBells();
  const { stores, queues } = createStores(db, bells, eventMetrics, log, clock);
  const atRest = createSealer(secretKeys, REST_PURPOSE);
  const egress = {
    tenants: createEgress(rules),
    settings: createEgress(trustedRules(rules)),
    keys: createEgress(keyRules(rules)),
  };
  return {
    db,
    stores,
    queues,
    bells,
    alarm: createAlarm(LIVELY, () => performance.now()),
    eventMetrics,
    temporal,
    namespace,
    projections: createProjectionReader({ temporal, pool, clock }),
    pool,
    isAuthentic: createRunGuard({
      firstEvent: temporal.firstEvent,
      trust: () => readWarrantTrust(stores.signingKeys),
      clock,
    }),
    signer: createStatementSigner(await loadSigningKeys(stores.signingKeys, atRest, signingPems)),
    repeats: createRepeats(createIdempotencyKeyStore(db)),
    atRest,
    egress,
    log,
    clock,
    close: async () => {
      await pool.close();
      await Promise.all(Object.values(egress).map((each) => each.close()));
    },
  };
}

function createBells(): WorkBells {
  return {
    bulk: createBell(),
    counts: createBell(),
    enforcements: createBell(),
    events: createBell(),
    hooks: createBell(),
    inquiries: createBell(),
    notices: createBell(),
    runs: createBell(),
    strikes: createBell(),
    turns: createBell(),
  };
}

function createStores(
  db: Database,
  { events }: Pick<WorkBells, 'events'>,
  { noteSuppressed }: EventMetrics,
  log: Logger,
  clock: () => number,
): Pick<Foundation, 'stores' | 'queues'> {
  const [executions, inquiries] = [createExecutionStore(db, events.ring), createInquiryStore(db)];
  const entries = createEntryQueue({ store: executions, log });
  const readings = createReadingQueue(createReadingWriter(inquiries, clock), log);
  const stores = {
    actions: createActionStore(db),
    connections: createConnectionStore(db),
    definitions: createDefinitionStore(db),
    enforcements: createEnforcementStore(db),
    events: createEventStore(db),
    eventLists: createEventListStore(db),
    executions: awaitEntries(executions, entries),
    inquiries: awaitReadings(inquiries, readings),
    principals: createPrincipalStore(db),
    processes: createProcessStore(db),
    rules: createRuleStore(db, noteSuppressed),
    signingKeys: createSigningKeyStore(db),
    taskQueues: createTaskQueueStore(db),
    triggers: createTriggerStore(db),
    turns: createTurnStore(db),
    webhooks: createWebhookStore(db),
  };
  return { stores, queues: { entries, readings } };
}
