import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { createApp } from '../../api/app.ts';
import { takeBody } from '../../api/http/body.ts';
import { demandOwnPlace } from '../../api/http/origins.ts';
import { createEgress } from '../../egress/egress.ts';
import { handleMcp, type McpServices } from '../../mcp/server.ts';
import { PERSON_MEMORY } from '../../model/config.ts';
import { OWN_TASK_QUEUE } from '../../model/run-input.ts';
import { createAuditService } from '../../service/access/audit.ts';
import { createConnectionResolver, createConnectionService } from '../../service/access/connections.ts';
import { createMasterKeyService, keepPresent } from '../../service/access/master-keys.ts';
import { createPayloadService } from '../../service/access/payloads.ts';
import { createPrincipalService, HOME_TENANT, type PrincipalService } from '../../service/access/principals.ts';
import { createSealer } from '../../service/access/sealer.ts';
import { createSecretService } from '../../service/access/secrets.ts';
import { createTaskQueueService } from '../../service/access/task-queues.ts';
import { createTokenVerifier } from '../../service/access/tokens.ts';
import { createActionService } from '../../service/actions/custom-actions.ts';
import { createAttemptHolds } from '../../service/controls/attempt-holds.ts';
import { createAttemptSkips } from '../../service/controls/attempt-skips.ts';
import { createChildPauses } from '../../service/controls/child-pauses.ts';
import { createControlService } from '../../service/controls/controls.ts';
import { createDefinitionService, type DefinitionService } from '../../service/definitions/definitions.ts';
import { createStoredExaminations } from '../../service/definitions/stored-examinations.ts';
import { createBulkService } from '../../service/executions/bulk-jobs.ts';
import { createDeletionService } from '../../service/executions/deletions.ts';
import { createExecutionService, type ExecutionService } from '../../service/executions/executions.ts';
import { createExplanationService } from '../../service/executions/explanations.ts';
import { createFailureHooks } from '../../service/executions/failure-hooks.ts';
import { createWatchService } from '../../service/executions/live-events.ts';
import { createRetryService } from '../../service/executions/retries.ts';
import { createTaskExecutionService } from '../../service/executions/task-executions.ts';
import { createChangeService } from '../../service/index/change-feed.ts';
import { createExecutionLists, type ExecutionLists } from '../../service/index/lists.ts';
import { createIndexKeeper, type DescribedListener } from '../../service/index/reconciler.ts';
import { createStrikeKeeper } from '../../service/index/run-strikes.ts';
import { createIndexService } from '../../service/index/service.ts';
import { createDelegationEnds } from '../../service/inquiries/delegation-ends.ts';
import { createDelegationSender } from '../../service/inquiries/delegation-signals.ts';
import { createDelegationService } from '../../service/inquiries/delegations.ts';
import { createInquiryInbox } from '../../service/inquiries/inbox.ts';
import { createInquiryService } from '../../service/inquiries/inquiries.ts';
import { createSignalTokenService } from '../../service/inquiries/signal-tokens.ts';
import { createPackImportService, type InTransaction } from '../../service/packs/imports.ts';
import { createPackService } from '../../service/packs/packs.ts';
import { createProjectionReader } from '../../service/projections/reader.ts';
import { createScheduleService } from '../../service/schedules/schedules.ts';
import { createSimulationService } from '../../service/simulations/simulations.ts';
import { createConcurrencyKeeper } from '../../service/starts/concurrency.ts';
import { createRepeats } from '../../service/starts/idempotency.ts';
import { createLauncher } from '../../service/starts/launches.ts';
import { createAuthenticator } from '../../service/starts/warrants.ts';
import { createLedgerService } from '../../service/statements/ledger.ts';
import { tellRevocation } from '../../service/statements/revocations.ts';
import { createOnceSettled } from '../../service/statements/settled-runs.ts';
import { createSigningKeyService, loadSigningKeys } from '../../service/statements/signing-keys.ts';
import { createStatementSigner } from '../../service/statements/statements.ts';
import { createAuditStore } from '../../store/access/audit.ts';
import { createConnectionStore } from '../../store/access/connections.ts';
import { createPrincipalStore } from '../../store/access/principals.ts';
import { createSealStore } from '../../store/access/seals.ts';
import { createSecretStore } from '../../store/access/secrets.ts';
import { createSigningKeyStore } from '../../store/access/signing-keys.ts';
import { createTaskQueueStore } from '../../store/access/task-queues.ts';
import { createActionStore } from '../../store/definitions/actions.ts';
import { createDefinitionStore } from '../../store/definitions/definitions.ts';
import { createBulkJobStore } from '../../store/executions/bulk-jobs.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { createFailureHookStore } from '../../store/executions/failure-hooks.ts';
import { createIdempotencyKeyStore } from '../../store/executions/idempotency-keys.ts';
import { createRunStrikeStore } from '../../store/executions/run-strikes.ts';
import { createTurnStore } from '../../store/executions/turns.ts';
import { createChatPlaceStore } from '../../store/inquiries/chat-places.ts';
import { createInquiryStore } from '../../store/inquiries/inquiries.ts';
import { createNoticeEventStore } from '../../store/inquiries/notice-events.ts';
import { createProcessStore } from '../../store/processes.ts';
import { createTemporal } from '../../temporal/gateway.ts';
import { createTemporalSchedules } from '../../temporal/schedules.ts';
import { threadModule } from '../../threads/module.ts';
import { createPool } from '../../threads/pool.ts';
import { keyRules, trustedRules } from '../network.ts';
import { urlOf } from '../ports.ts';
import { presence, REST_PURPOSE } from '../reach.ts';
import { drainServer, listen } from '../server.ts';
import { createChat } from './chat.ts';
import { closedConnections } from './closed-connections.ts';
import type { ApiOptions } from './options.ts';
import { warnOfDefinitions, warnOfNetworks, warnOfQueues } from './start-warnings.ts';

/** A running API. */
export interface RunningApi {
  url: string;
  definitions: DefinitionService;
  executions: ExecutionService;
  lists: ExecutionLists;
  principals: PrincipalService;
  close(): Promise<void>;
}

/** Composes the use cases, serves the API, and keeps the index. Throws an Error that names a port that is taken. */
export async function startApi({
  connection,
  namespace,
  database,
  host,
  port,
  log,
  tokens: tokenSettings = {},
  tenantClaim,
  personMemory = PERSON_MEMORY,
  rateLimit = 0,
  secretKeys,
  signingPems = [],
  publicUrl,
  chat = {},
  egress: rules = {},
  codec,
  codecOrigins = [],
  corsOrigins = [],
  metrics = null,
  workerState,
}: ApiOptions): Promise<RunningApi> {
  const { db } = database;
  const stores = {
    definitions: createDefinitionStore(db),
    executions: createExecutionStore(db),
    principals: createPrincipalStore(db),
    inquiries: createInquiryStore(db),
  };
  const egress = createEgress(rules);
  // What the settings name is trusted: it may stand next to Fermata, and within what it depends on.
  const trusted = createEgress(trustedRules(rules));
  const keyEgress = createEgress(keyRules(rules));
  const keysBy = keyEgress.fetch as unknown as typeof fetch; // the same standard
  const temporal = createTemporal(connection, namespace, codec);
  const actionStore = createActionStore(db);
  const pool = createPool({ source: threadModule, size: availableParallelism() + 1 });
  const definitions = createDefinitionService({
    store: stores.definitions,
    actions: actionStore,
    pool,
    deliveryWarnings: (tenant, definition) => people.deliveries.warnings(tenant, definition),
  });
  const turnStore = createTurnStore(db);
  const atRest = createSealer(secretKeys, REST_PURPOSE);
  const keyStore = createSigningKeyStore(db);
  const signer = createStatementSigner(await loadSigningKeys(keyStore, atRest, signingPems));
  const queueStore = createTaskQueueStore(db);
  const queues = createTaskQueueService(queueStore, stores.principals);
  const launcher = createLauncher({
    temporal,
    store: stores.executions,
    turns: turnStore,
    signer,
    queues,
    clock: Date.now,
  });
  const projections = createProjectionReader({ temporal, pool, clock: Date.now });
  const inbox = createInquiryInbox({ temporal, projections, store: stores.inquiries, clock: Date.now, log });
  const repeats = createRepeats(createIdempotencyKeyStore(db));
  const executions = createExecutionService({
    temporal,
    projections,
    store: stores.executions,
    launcher,
    definitions,
    signer,
    queues,
    authenticate: createAuthenticator(keyStore, Date.now),
    repeats,
    onRead: inbox.take,
    clock: Date.now,
    log,
  });
  const signingKeys = createSigningKeyService({
    store: keyStore,
    sealer: atRest,
    signer,
    log,
    pems: signingPems,
    wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, signal && { signal }),
    tell: (key, counts, signal) =>
      tellRevocation({ temporal, projections, signer, clock: Date.now, log }, key, counts, signal),
  });
  const tasks = createTaskExecutionService(executions, stores.executions);
  const explanations = createExplanationService({
    executions,
    projections,
    temporal,
    deliveries: { untold: (execution) => people.deliveries.untold(execution) },
  });
  const retries = createRetryService({ executions, projections, launcher, signer });
  const temporalSchedules = createTemporalSchedules(connection, namespace, codec);
  const lists = createExecutionLists(stores.executions, namespace);
  const watches = createWatchService({ temporal, executions, log });
  const changes = createChangeService(stores.executions, log);
  const deletions = createDeletionService({ temporal, stores, executions, definitions, clock: Date.now });
  const audit = createAuditService(createAuditStore(db), log);
  const packs = createPackService(stores.definitions);
  const actions = createActionService({ store: actionStore, packs: stores.definitions, queues });
  const connectionStore = createConnectionStore(db);
  const connections = createConnectionService(connectionStore, atRest);
  const connect = createConnectionResolver(connectionStore, atRest);
  const secrets = createSecretService(createSecretStore(db), atRest);
  const processStore = createProcessStore(db);
  const inTransaction: InTransaction = (work) =>
    db.transaction((transaction) => {
      const [definitionStore, actionsWithin] = [createDefinitionStore(transaction), createActionStore(transaction)];
      return work({
        packs: createPackService(definitionStore),
        actions: createActionService({
          store: actionsWithin,
          packs: definitionStore,
          queues: createTaskQueueService(createTaskQueueStore(transaction), stores.principals),
        }),
        definitions: createDefinitionService({ store: definitionStore, actions: actionsWithin, pool }),
      });
    });
  const imports = createPackImportService({ parts: { packs, actions, definitions }, inTransaction, deletions });
  const examinations = createStoredExaminations(definitions);
  const simulations = createSimulationService({ definitions, connections, pool, clock: Date.now });
  const principals = createPrincipalService({
    store: stores.principals,
    verify: createTokenVerifier(tokenSettings, keysBy),
    clock: Date.now,
    memory: personMemory,
    tenantClaim,
    // Ending delegations may take long: the request does not wait for it.
    onChanged: (caller, subject) => void ends.endOf(caller, subject),
  });
  const bulk = createBulkService({
    jobs: createBulkJobStore(db),
    store: stores.executions,
    executions,
    retries,
    deletions,
    principals,
    repeats,
    clock: Date.now,
    log,
  });
  const onceSettled = createOnceSettled({ temporal, projections });
  const schedules = createScheduleService({
    temporal: temporalSchedules,
    executions,
    principals,
    repeats,
    log,
    clock: Date.now,
  });
  const send = createDelegationSender({ temporal, projections, signer });
  const ends = createDelegationEnds({ store: stores.inquiries, projections, principals, send, log, clock: Date.now });
  const inquiries = createInquiryService({
    temporal,
    projections,
    executions,
    store: stores.inquiries,
    principals,
    audit,
    signer,
    ends,
    onceSettled,
    clock: Date.now,
  });
  const delegations = createDelegationService({
    inquiries,
    principals,
    audit,
    ends,
    send,
    onceSettled,
    clock: Date.now,
  });
  const holds = createAttemptHolds({ temporal, projections, log, clock: Date.now });
  const attempts = createAttemptSkips(temporal);
  const children = createChildPauses({ temporal, projections, signer, holds, log, clock: Date.now });
  const controls = createControlService({
    temporal,
    projections,
    executions,
    inquiries,
    signer,
    holds,
    children,
    attempts,
    clock: Date.now,
    log,
  });
  const sealer = createSealer(secretKeys, 'signal');
  const tokens = createSignalTokenService({ sealer, executions, inquiries, principals, clock: Date.now });
  let url = '';
  const people = createChat(chat, {
    store: stores.inquiries,
    events: createNoticeEventStore(db),
    inquiries,
    principals,
    secretKeys,
    namespace,
    log,
    publicUrl: () => publicUrl ?? url,
    egress,
    trusted,
    home: stores.principals.homeTenant,
    connections: connectionStore,
    places: createChatPlaceStore(db),
    connect,
  });
  const followPause: DescribedListener = async ({ workflowId, status, above }, described) => {
    await holds.take(workflowId, status, described);
    await children.take(workflowId, status, above);
  };
  const keeper = createIndexKeeper({
    temporal,
    projections,
    store: stores.executions,
    log,
    clock: Date.now,
    onRead: inbox.take,
    onDescribed: followPause,
  });
  const index = createIndexService(keeper);
  metrics?.watchIndex(index);
  const turns = createConcurrencyKeeper({ temporal, store: turnStore, log, clock: Date.now });
  const strikes = createStrikeKeeper({ temporal, store: createRunStrikeStore(db), log, now: Date.now });
  const hooks = createFailureHooks({ store: createFailureHookStore(db), executions, namespace, log });
  const readiness = { temporal: temporal.ping, database: database.probe };
  const app = createApp({
    pool,
    definitions,
    executions,
    tasks,
    watches,
    changes,
    bulk,
    lists,
    index,
    retries,
    controls,
    explanations,
    deletions,
    packs,
    actions,
    connections,
    secrets,
    schedules,
    inquiries,
    delegations,
    tokens,
    ledger: createLedgerService(executions, temporal),
    publicUrl,
    links: people.links,
    deliveries: people.deliveries,
    imports,
    payloads: codec && createPayloadService({ codec, store: stores.executions, namespace }),
    codecOrigins,
    corsOrigins,
    simulations,
    examinations,
    principals,
    audit,
    rateLimit,
    readiness,
    countWorkers: () => temporal.pollers(OWN_TASK_QUEUE),
    workerState,
    taskQueues: queues,
    signingKeys,
    masterKeys: createMasterKeyService({ seals: createSealStore(db), processes: processStore, sealer: atRest }),
    observe: metrics?.observe,
    log,
  });
  for (const { inbound } of people.answering) app.post(inbound.path, takeBody([inbound.mediaType]));
  app.route('/', people.routes);
  // Nothing is ever sent but as an answer, and there are no sessions to end: other methods are not allowed.
  app.use('/mcp', demandOwnPlace({ host, publicUrl, origins: corsOrigins }));
  app.post('/mcp', takeBody(['application/json']), async (context) => {
    const mcp: McpServices = {
      definitions,
      simulations,
      actions,
      executions,
      lists,
      bulk,
      retries,
      controls,
      explanations,
      deletions,
      schedules,
      inquiries,
      delegations,
      audit,
      log,
    };
    return handleMcp(mcp, context.get('principal'), context.req.raw, await context.req.json());
  });
  const { server, port: taken } = await listen(app.fetch, host, port);
  url = urlOf(host, taken);
  warnOfNetworks({
    chat,
    rules,
    hasOtherTenants: () => stores.principals.hasTenantBeside(HOME_TENANT),
    closedPlaces: async () => closedConnections(await connectionStore.places(), connect, egress),
    log,
  }).catch((error: unknown) => log.error({ err: error }, 'the hosts of connections could not be checked'));
  warnOfQueues(queueStore, log).catch((error: unknown) =>
    log.error({ err: error }, 'the task queues of actions could not be checked'),
  );
  // Bundled now, so that the first request that needs it does not wait for that.
  threadModule().catch((error: unknown) => log.error({ err: error }, 'the threads of the pool cannot be started'));
  const stop = new AbortController();
  warnOfDefinitions(stores.principals, examinations, stop.signal, log).catch((error: unknown) => {
    if (!stop.signal.aborted) log.error({ err: error }, 'the stored definitions were not examined');
  });
  // Each loop below listens to it, and there are more of them than Node.js takes for a leak.
  setMaxListeners(0, stop.signal);
  const keeping = Promise.all([
    ...[keeper.run(stop.signal), bulk.run(stop.signal), schedules.run(stop.signal), inbox.run(stop.signal)],
    ...[people.outbox.run(stop.signal), turns.run(stop.signal), hooks.run(stop.signal), holds.run(stop.signal)],
    ...[strikes.run(stop.signal), signingKeys.run(stop.signal)],
    keepPresent(processStore, presence(workerState === undefined ? 'api' : 'all', atRest, codec), stop.signal, log),
  ]);
  return {
    url,
    definitions,
    executions,
    lists,
    principals,
    close: async () => {
      watches.close();
      changes.close();
      await drainServer(server);
      stop.abort();
      await keeping;
      await pool.close();
      await Promise.all([egress.close(), trusted.close(), keyEgress.close()]);
    },
  };
}
