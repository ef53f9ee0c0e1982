import { setMaxListeners } from 'node:events';
import { createApp } from '../../api/app.ts';
import { takeBody } from '../../api/http/body.ts';
import { demandOwnPlace } from '../../api/http/callers/origins.ts';
import { PERSON_MEMORY } from '../../model/config.ts';
import { createConnectionResolver } from '../../service/access/connections.ts';
import { keepPresent } from '../../service/access/master-keys.ts';
import { HOME_TENANT, type PrincipalService } from '../../service/access/principals.ts';
import type { Loop } from '../../service/background/loops.ts';
import type { DefinitionService } from '../../service/definitions/definitions.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import type { ExecutionLists } from '../../service/index/lists.ts';
import { createInquiryInbox } from '../../service/inquiries/inbox.ts';
import { readInquiries } from '../../service/inquiries/inquiry-readings.ts';
import { warnOfChannels } from '../../service/notices/channel-warnings.ts';
import { createDeliveryService } from '../../service/notices/deliveries.ts';
import { createNoticeEventStore } from '../../store/inquiries/notice-events.ts';
import { threadModule } from '../../threads/module.ts';
import { buildServerUrl } from '../ports.ts';
import { presence } from '../reach.ts';
import { drainServer, listen } from '../server.ts';
import { composeAccess } from './access.ts';
import { createChannelSettings, listReadiness } from './channel-settings.ts';
import { composeControls } from './controls.ts';
import { composeDefinitions, composePackImports } from './definitions.ts';
import { composeEvents } from './events.ts';
import { composeBulk, composeExecutions } from './executions.ts';
import { createFoundation, type Foundation } from './foundation.ts';
import { type ComposedInquiries, composeDelegations, composeInquiries } from './inquiries.ts';
import type { ApiOptions } from './options.ts';
import { type ApiServices, createRoutes } from './routes.ts';
import { composeUpkeep } from './upkeep.ts';
import { closedConnections } from './warnings/closed-connections.ts';
import { warnOfDefinitions, warnOfNetworks, warnOfQueues } from './warnings/start-warnings.ts';

/** A running API. */
export interface RunningApi {
  url: string;
  definitions: DefinitionService;
  executions: ExecutionService;
  lists: ExecutionLists;
  principals: PrincipalService;
  /** Returns a code with which a browser on this machine can sign in once, within an hour, with a key. */
  createSignInCode(key: string): string;
  close(): Promise<void>;
}

/** Composes the services, serves the API, and keeps the index up to date. Throws an Error that names the port if it is taken. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { host, port, publicUrl, codec, metrics = null, workerState, log } = options;
  const foundation = await createFoundation(options);
  let url = '';
  const { services, chat, loops } = composeServices(foundation, options, () => publicUrl ?? url);
  metrics?.watchIndex(services.index);
  const { fetch } = composeApp(foundation, options, services, chat);
  const watched: typeof fetch = (...request) => {
    foundation.alarm.ring();
    return fetch(...request);
  };
  const { server, port: taken } = await listen(watched, host, port);
  url = buildServerUrl(host, taken);
  const stop = new AbortController();
  warnAtStart(foundation, options, services, stop.signal);
  // Loaded now, so that the first request that needs one neither waits for it nor gets it from a later build.
  threadModule().catch((error: unknown) => log.error({ err: error }, 'the threads of the pool cannot be started'));
  loadMcp().catch((error: unknown) => log.error({ err: error }, 'MCP cannot be loaded'));
  // Each loop below adds a listener; Node.js would report so many as a leak.
  setMaxListeners(0, stop.signal);
  const present = presence(workerState === undefined ? 'api' : 'all', foundation.atRest, codec);
  const keeping = Promise.all([
    ...loops.map((loop) => loop.run(stop.signal)),
    keepPresent(foundation.stores.processes, present, stop.signal, log),
  ]);
  const { definitions, executions, lists, principals, sessions, watches, changes, eventFeed } = services;
  return {
    url,
    definitions,
    executions,
    lists,
    principals,
    createSignInCode: sessions.createCode,
    close: async () => {
      watches.close();
      changes.close();
      eventFeed.close();
      await drainServer(server);
      stop.abort();
      await keeping;
      await foundation.close();
    },
  };
}

/** Composes the services of all subjects, and the loops that work for them. */
function composeServices(
  foundation: Foundation,
  options: ApiOptions,
  publicUrl: () => string,
): { services: ApiServices; chat: ComposedInquiries['chat']; loops: Loop[] } {
  const { temporal, projections, stores, queues, bells, namespace, atRest, egress, clock, log, db } = foundation;
  const delegations = composeDelegations(foundation, options.personMemory ?? PERSON_MEMORY);
  const access = composeAccess(foundation, options, delegations.ends);
  const channels = createChannelSettings(options.chat ?? {}, {
    connect: createConnectionResolver({ store: stores.connections, sealer: atRest }),
    home: stores.principals.homeTenant,
    trusted: egress.settings,
  });
  const definitions = composeDefinitions(foundation, access, (tenant, definition) =>
    warnOfChannels(listReadiness(channels), tenant, definition),
  );
  const events = createNoticeEventStore(db);
  const deliveries = createDeliveryService({ events, namespace });
  const inbox = createInquiryInbox({
    temporal,
    projections,
    store: stores.inquiries,
    bell: bells.inquiries,
    clock,
    log,
  });
  const runs = composeExecutions(foundation, options, {
    access,
    definitions,
    deliveries,
    onRead: (n, execution) => {
      const reading = readInquiries(namespace, n, execution);
      if (reading !== null) queues.readings.put(reading);
    },
  });
  const { executions, deletions } = runs.services;
  const people = composeInquiries(foundation, options, {
    access,
    executions,
    delegations,
    deliveries,
    events,
    channels,
    publicUrl,
  });
  const pauses = composeControls(foundation, executions, people.services.inquiries);
  const bulk = composeBulk(foundation, runs.services, pauses.controls, access);
  const happenings = composeEvents(foundation, {
    executions,
    definitions: definitions.definitions,
    people: access.principals,
    trials: definitions.ruleTrials,
    tallies: access.tallies,
    limits: options.eventLimits,
  });
  const upkeep = composeUpkeep(foundation, options, { onRead: inbox.take, onDescribed: pauses.followPause });
  return {
    services: {
      ...access,
      ...definitions,
      ...runs.services,
      ...people.services,
      ...happenings.services,
      ...upkeep.services,
      controls: pauses.controls,
      bulk,
      imports: composePackImports(foundation, definitions, deletions),
    },
    chat: people.chat,
    loops: [
      ...Object.values(queues),
      ...upkeep.loops,
      ...runs.loops,
      ...happenings.loops,
      bulk,
      inbox,
      people.chat.outbox,
      ...pauses.loops,
      access.signingKeys,
      access.sessions,
      access.tallies,
    ],
  };
}

/** Composes everything that is served: REST and the pages, chats, and MCP. */
function composeApp(
  { pool, log, clock, namespace }: Foundation,
  {
    host,
    publicUrl,
    temporalUi,
    rateLimit = 0,
    hookRate = 0,
    codecOrigins = [],
    corsOrigins = [],
    console = null,
    metrics = null,
  }: ApiOptions,
  services: ApiServices,
  chat: ComposedInquiries['chat'],
) {
  const { principals, sessions, audit, hooks, payloads } = services;
  const app = createApp(
    {
      pool,
      principals,
      sessions,
      audit,
      hooks,
      hookRate,
      codecOrigins: payloads === undefined ? null : codecOrigins,
      corsOrigins,
      rateLimit,
      publicUrl,
      console,
      observe: metrics?.observe,
      log,
    },
    createRoutes(services, { publicUrl, temporalUi: runInUi(temporalUi, namespace), log, clock }),
    clock,
  );
  for (const { inbound } of chat.answering) app.post(inbound.path, takeBody([inbound.mediaType]));
  app.route('/', chat.routes);
  const mcp = { ...services, log };
  // The server sends nothing but responses, and there are no sessions to end: other methods are not allowed.
  app.use('/mcp', demandOwnPlace({ host, publicUrl, origins: corsOrigins }));
  app.post('/mcp', takeBody(['application/json']), async (context) => {
    const { handleMcp } = await loadMcp();
    return handleMcp(mcp, context.get('principal'), context.req.raw, await context.req.json());
  });
  return app;
}

/** Loads MCP, once in a process. Its library is large, so an API is ready without it. */
const loadMcp = () => import('../../mcp/server.ts');

/** Returns the URL of a run in Temporal's UI, with `{workflow_id}` and `{run_id}`; null without the UI's address. */
function runInUi(address: string | undefined, namespace: string): string | null {
  if (address === undefined) return null;
  const place = `namespaces/${encodeURIComponent(namespace)}/workflows/{workflow_id}/{run_id}/history`;
  return `${address.replace(/\/+$/, '')}/${place}`;
}

/** Logs warnings about settings and stored data that will not work. Does not wait for them. */
function warnAtStart(
  { stores, egress, atRest, log }: Foundation,
  { chat = {}, egress: rules = {} }: ApiOptions,
  { examinations }: ApiServices,
  signal: AbortSignal,
): void {
  const connect = createConnectionResolver({ store: stores.connections, sealer: atRest });
  warnOfNetworks({
    chat,
    rules,
    hasOtherTenants: () => stores.principals.hasTenantBeside(HOME_TENANT),
    closedPlaces: async () => closedConnections(await stores.connections.places(), connect, egress.tenants),
    log,
  }).catch((error: unknown) => log.error({ err: error }, 'the hosts of connections could not be checked'));
  warnOfQueues(stores.taskQueues, log).catch((error: unknown) =>
    log.error({ err: error }, 'the task queues of actions could not be checked'),
  );
  warnOfDefinitions(stores.principals, examinations, signal, log).catch((error: unknown) => {
    if (!signal.aborted) log.error({ err: error }, 'the stored definitions were not examined');
  });
}
