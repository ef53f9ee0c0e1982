import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import { createApp } from '../api/app.ts';
import { takeBody } from '../api/http/body.ts';
import type { WorkerState } from '../api/http/environment.ts';
import { demandOwnPlace } from '../api/http/origins.ts';
import { createEgress } from '../egress/egress.ts';
import { handleMcp, type McpServices } from '../mcp/server.ts';
import { type Config, PERSON_MEMORY } from '../model/config.ts';
import type { Logger } from '../model/log.ts';
import type { EgressRules } from '../model/networks.ts';
import { OWN_TASK_QUEUE } from '../model/run-input.ts';
import { createAuditService } from '../service/access/audit.ts';
import { createConnectionResolver, createConnectionService } from '../service/access/connections.ts';
import { createMasterKeyService, keepPresent } from '../service/access/master-keys.ts';
import { createPayloadService } from '../service/access/payloads.ts';
import { createPrincipalService, HOME_TENANT, type PrincipalService } from '../service/access/principals.ts';
import { createSealer } from '../service/access/sealer.ts';
import { createSecretService } from '../service/access/secrets.ts';
import { createTaskQueueService } from '../service/access/task-queues.ts';
import { createTokenVerifier, type TokenSettings } from '../service/access/tokens.ts';
import { createAttemptHolds } from '../service/controls/attempt-holds.ts';
import { createAttemptSkips } from '../service/controls/attempt-skips.ts';
import { createChildPauses } from '../service/controls/child-pauses.ts';
import { createControlService } from '../service/controls/controls.ts';
import { createActionService } from '../service/definitions/custom-actions.ts';
import { createDefinitionService, type DefinitionService } from '../service/definitions/definitions.ts';
import { createSimulationService } from '../service/definitions/simulations.ts';
import { createStoredExaminations } from '../service/definitions/stored-examinations.ts';
import { createBulkService } from '../service/executions/bulk-jobs.ts';
import { createChangeService } from '../service/executions/changes.ts';
import { createDeletionService } from '../service/executions/deletions.ts';
import { createExecutionService, type ExecutionService } from '../service/executions/executions.ts';
import { createExplanationService } from '../service/executions/explanations.ts';
import { createFailureHooks } from '../service/executions/failure-hooks.ts';
import { createLedgerService } from '../service/executions/ledger.ts';
import { createExecutionLists, type ExecutionLists } from '../service/executions/lists.ts';
import { createRetryService } from '../service/executions/retries.ts';
import { createTaskExecutionService } from '../service/executions/task-executions.ts';
import { createWatchService } from '../service/executions/watches.ts';
import { createIndexKeeper, type DescribedListener } from '../service/index/keeper.ts';
import { createStrikeKeeper } from '../service/index/run-strikes.ts';
import { createIndexService } from '../service/index/service.ts';
import { createDelegationEnds } from '../service/inquiries/delegation-ends.ts';
import { createDelegationSender } from '../service/inquiries/delegation-signals.ts';
import { createDelegationService } from '../service/inquiries/delegations.ts';
import { createInbox } from '../service/inquiries/inbox.ts';
import { createInquiryService } from '../service/inquiries/inquiries.ts';
import { createSignalTokenService } from '../service/inquiries/signal-tokens.ts';
import { createPackImportService, type InTransaction } from '../service/packs/imports.ts';
import { createPackService } from '../service/packs/packs.ts';
import { createProjectionReader } from '../service/projections/reader.ts';
import { createScheduleService } from '../service/schedules/schedules.ts';
import { createRepeats } from '../service/starts/idempotency.ts';
import { createLauncher } from '../service/starts/launches.ts';
import { createTurnKeeper } from '../service/starts/turns.ts';
import { createAuthenticator } from '../service/starts/warrants.ts';
import { tellRevocation } from '../service/statements/revocations.ts';
import { createOnceSettled } from '../service/statements/settled-runs.ts';
import { createSigningKeyService, loadSigningKeys } from '../service/statements/signing-keys.ts';
import { createStatementSigner } from '../service/statements/statements.ts';
import { createAuditStore } from '../store/access/audit.ts';
import { createConnectionStore } from '../store/access/connections.ts';
import { createPrincipalStore } from '../store/access/principals.ts';
import { createSealStore } from '../store/access/seals.ts';
import { createSecretStore } from '../store/access/secrets.ts';
import { createSigningKeyStore } from '../store/access/signing-keys.ts';
import { createTaskQueueStore } from '../store/access/task-queues.ts';
import type { OpenDatabase } from '../store/database.ts';
import { createActionStore } from '../store/definitions/actions.ts';
import { createDefinitionStore } from '../store/definitions/definitions.ts';
import { createBulkJobStore } from '../store/executions/bulk-jobs.ts';
import { createExecutionStore } from '../store/executions/executions.ts';
import { createFailureHookStore } from '../store/executions/failure-hooks.ts';
import { createIdempotencyKeyStore } from '../store/executions/idempotency-keys.ts';
import { createRunStrikeStore } from '../store/executions/run-strikes.ts';
import { createTurnStore } from '../store/executions/turns.ts';
import { createChatPlaceStore } from '../store/inquiries/chat-places.ts';
import { createInquiryStore } from '../store/inquiries/inquiries.ts';
import { createNoticeEventStore } from '../store/inquiries/notice-events.ts';
import { createProcessStore } from '../store/processes.ts';
import type { Codec } from '../temporal/codec/codec.ts';
import { createTemporal } from '../temporal/gateway.ts';
import { createTemporalSchedules } from '../temporal/schedules.ts';
import { threadModule } from '../threads/module.ts';
import { createPool } from '../threads/pool.ts';
import { type ChatSettings, chatOf, createChat } from './chat.ts';
import { closedConnections } from './closed-connections.ts';
import { codecOf } from './codec.ts';
import type { Metrics } from './metrics.ts';
import { keyRules, sharedNetworks, trustedRules } from './network.ts';
import { urlOf } from './ports.ts';
import { presence, REST_PURPOSE } from './reach.ts';
import { drainServer, listen } from './server.ts';

/** What the settings say of who may ask, and how often. Throws when a file that they name cannot be read. */
export function accessOf(
  config: Config,
): Pick<
  ApiOptions,
  | 'tokens'
  | 'tenantClaim'
  | 'personMemory'
  | 'rateLimit'
  | 'publicUrl'
  | 'chat'
  | 'codec'
  | 'codecOrigins'
  | 'corsOrigins'
  | 'signingPems'
> {
  const { FERMATA_JWT_JWKS_URL, FERMATA_JWT_SECRET, FERMATA_JWT_ISSUER, FERMATA_JWT_AUDIENCE } = config;
  const { FERMATA_SIGNING_KEY_FILE: files } = config;
  return {
    rateLimit: config.FERMATA_RATE_LIMIT,
    personMemory: config.FERMATA_PERSON_MEMORY,
    tenantClaim: config.FERMATA_JWT_TENANT,
    publicUrl: config.FERMATA_PUBLIC_URL?.replace(/\/+$/, ''),
    chat: chatOf(config),
    codec: codecOf(config),
    signingPems: files?.split(',').map((file) => readFileSync(file, 'utf8')) ?? [],
    codecOrigins: config.FERMATA_CODEC_ORIGINS?.split(',') ?? [],
    corsOrigins: config.FERMATA_CORS_ORIGINS?.split(',') ?? [],
    tokens: {
      jwksUrl: FERMATA_JWT_JWKS_URL,
      secret: FERMATA_JWT_SECRET,
      issuer: FERMATA_JWT_ISSUER,
      audience: FERMATA_JWT_AUDIENCE,
      agentClients: config.FERMATA_AGENT_CLIENTS?.split(',') ?? [],
    },
  };
}

/** What the API stands on. */
export interface ApiOptions {
  connection: Connection;
  namespace: string;
  database: OpenDatabase;
  host: string;
  port: number;
  log: Logger;
  tokens?: TokenSettings;
  /** Whether tokens must name their tenant; without it, once there is a second one. */
  tenantClaim?: 'required' | 'optional' | undefined;
  /** Seconds for which what a person's last token granted is remembered. */
  personMemory?: number;
  /** Requests a minute that a principal may make; none: no limit. */
  rateLimit?: number;
  /** Master keys of what is sealed: the first one seals, all of them open. */
  secretKeys: readonly string[];
  /** The keys that sign statements (PKCS 8, PEM), the newest first, where the database does not hold them. */
  signingPems?: readonly string[];
  /** Where people reach the API; where they asked unless it is given. */
  publicUrl?: string | undefined;
  /** Through what people are asked. */
  chat?: ChatSettings;
  /** Which addresses notices may reach; none of this machine and of private networks unless given. */
  egress?: Partial<EgressRules>;
  /** What seals what Temporal gets, and the origins of its UI that may ask to have it opened. */
  codec?: Codec | undefined;
  codecOrigins?: readonly string[];
  /** Origins of pages that may call the API from a browser. */
  corsOrigins?: readonly string[];
  metrics?: Metrics | null;
  /** How the worker that this process looks after is; absent where it looks after none. */
  workerState?: (() => WorkerState) | undefined;
}

/** A running API. */
export interface RunningApi {
  url: string;
  definitions: DefinitionService;
  executions: ExecutionService;
  lists: ExecutionLists;
  principals: PrincipalService;
  close(): Promise<void>;
}

/** Actions with an unusable task queue that a start warns of. */
const MAX_WARNINGS = 100;

/** Stored definitions of a tenant that are examined when an API starts. */
const MAX_EXAMINED = 1_000;

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
  const inbox = createInbox({ temporal, projections, store: stores.inquiries, clock: Date.now, log });
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
  const turns = createTurnKeeper({ temporal, store: turnStore, log, clock: Date.now });
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
  /** Warns of mail in the clear, and of connections that an earlier version, or other settings, could reach. */
  async function warnOfNetworks(): Promise<void> {
    if (chat.mail !== undefined && new URL(chat.mail.url).searchParams.get('tls') === 'off') {
      log.warn({ setting: 'FERMATA_SMTP_URL' }, 'mail is sent in the clear: its URL ends in tls=off');
    }
    const shared = sharedNetworks({ allowed: rules.allowed ?? [] });
    if (shared.length > 0 && (await stores.principals.hasTenantBeside(HOME_TENANT))) {
      log.warn(
        { setting: 'FERMATA_EGRESS_ALLOW', allowed: shared },
        'actions of every tenant may reach these networks',
      );
    }
    const closed = await closedConnections(await connectionStore.places(), connect, egress);
    if (closed.length > 0)
      log.warn({ closed }, 'these connections cannot be used until FERMATA_EGRESS_ALLOW has their hosts');
  }

  /** Warns of actions that runs can no longer use, since their task queue is not their tenant's. */
  async function warnOfQueues(): Promise<void> {
    for (const action of await queueStore.unusable(MAX_WARNINGS)) {
      log.warn(action, "no run with this action can be started: its task queue is not the tenant's");
    }
  }

  /** Warns of stored definitions that another version has accepted: of the first tenants, and the first definitions of each. */
  async function warnOfDefinitions(signal: AbortSignal): Promise<void> {
    const first = (refs: readonly string[]) => refs.slice(0, MAX_WARNINGS);
    for (const { id, ref } of await stores.principals.tenants(MAX_WARNINGS)) {
      const { refused, otherwise } = await examinations.findOutdated(id, MAX_EXAMINED, signal);
      if (refused.length + otherwise.length === 0) continue;
      log.warn(
        { tenant: ref, refused: first(refused), otherwise: first(otherwise) },
        'this version refuses stored definitions, or reads them otherwise: see fermata validate --stored',
      );
    }
  }

  const { server, port: taken } = await listen(app.fetch, host, port);
  url = urlOf(host, taken);
  warnOfNetworks().catch((error: unknown) => log.error({ err: error }, 'the hosts of connections were not looked at'));
  warnOfQueues().catch((error: unknown) => log.error({ err: error }, 'the task queues of actions were not looked at'));
  // Bundled now, so that the first request that needs it does not wait for that.
  threadModule().catch((error: unknown) => log.error({ err: error }, 'the threads of the pool cannot be started'));
  const stop = new AbortController();
  warnOfDefinitions(stop.signal).catch((error: unknown) => {
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
