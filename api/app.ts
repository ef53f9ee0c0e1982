import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { actionRoutes } from './actions.ts';
import { createAddressGuard } from './addresses.ts';
import { auditChanges, auditRoutes } from './audit.ts';
import { AUTOMATION, answerInAutomationForm, automationRoutes } from './automation.ts';
import { closeUnread } from './body.ts';
import { bulkRoutes } from './bulk.ts';
import { CODEC_PATH, codecOrigins, codecRoutes } from './codec.ts';
import { connectionRoutes } from './connections.ts';
import { delegationRoutes } from './delegations.ts';
import { type ApiServices, createRouter } from './environment.ts';
import { createErrorHandler } from './errors.ts';
import { executionControlRoutes } from './execution-controls.ts';
import { executionIndexRoutes } from './execution-index.ts';
import { executionListRoutes } from './execution-lists.ts';
import { executionRoutes } from './executions.ts';
import { explanationRoutes } from './explanations.ts';
import { inquiryRoutes } from './inquiries.ts';
import { inquiryPageRoutes } from './inquiry-page/routes.ts';
import { ledgerRoutes } from './ledger.ts';
import { managementRoutes } from './management.ts';
import { masterKeyRoutes } from './master-keys.ts';
import { authenticate, checkUrl, forbidStoring, limitInFlight, limitRate, observeRequests } from './middleware.ts';
import { describeApi } from './openapi.ts';
import { allowOrigins } from './origins.ts';
import { packRoutes } from './packs.ts';
import { principalRoutes } from './principals.ts';
import { scheduleRoutes } from './schedules.ts';
import { secretRoutes } from './secrets.ts';
import { signingKeyRoutes } from './signing-keys.ts';
import { streamRoutes } from './streams.ts';
import { docsRoutes, systemRoutes } from './system.ts';
import { taskQueueRoutes } from './task-queues.ts';
import { answerUnrouted } from './unrouted.ts';
import { workflowToolRoutes } from './workflow-tools.ts';
import { workflowRoutes } from './workflows.ts';

/** The API over the use cases; `clock` gives milliseconds. Has no side effect but through them. */
export function createApp(services: ApiServices, clock: () => number = Date.now) {
  const { definitions, executions, tasks, lists, deletions, principals, log } = services;
  const app = createRouter();
  app.onError(createErrorHandler(log));
  app.notFound(answerUnrouted(app));
  if (services.observe !== undefined) app.use(observeRequests(services.observe));
  app.use(closeUnread);
  app.use(requestId());
  app.use((context, next) => {
    context.set('pool', services.pool);
    return next();
  });
  app.use(secureHeaders());
  app.use(forbidStoring);
  app.use(`${AUTOMATION}/*`, answerInAutomationForm);
  if (services.corsOrigins.length > 0) app.use(allowOrigins(services.corsOrigins));
  // A browser asks what it may before it says who asks.
  if (services.payloads !== undefined) app.use(`${CODEC_PATH}/*`, codecOrigins(services.codecOrigins));
  app.use(checkUrl);
  app.use(authenticate(principals, services.rateLimit > 0 ? createAddressGuard(clock) : null));
  app.use(limitRate(services.rateLimit));
  app.use(limitInFlight());
  app.use(auditChanges(services.audit));
  for (const routes of [
    systemRoutes(services),
    docsRoutes(),
    principalRoutes(principals),
    auditRoutes(services.audit),
    workflowToolRoutes(definitions, services.simulations),
    workflowRoutes(definitions, deletions),
    packRoutes(services.packs, services.imports),
    actionRoutes(services.actions),
    connectionRoutes(services.connections),
    secretRoutes(services.secrets),
    ...(services.payloads === undefined ? [] : [codecRoutes(services.payloads)]),
    scheduleRoutes(services.schedules),
    executionIndexRoutes(services.index),
    executionListRoutes(lists, tasks),
    bulkRoutes(services.bulk),
    streamRoutes(services.watches, services.changes),
    explanationRoutes(services.explanations),
    executionRoutes(executions, tasks, deletions),
    executionControlRoutes(services),
    managementRoutes({ service: executions, lists, tokens: services.tokens }, clock, services.publicUrl),
    inquiryRoutes(services.inquiries, services.deliveries, services.tokens, services.publicUrl),
    delegationRoutes(services.delegations),
    ledgerRoutes(services.ledger),
    signingKeyRoutes(services.signingKeys),
    masterKeyRoutes(services.masterKeys),
    taskQueueRoutes(services.taskQueues),
    automationRoutes(executions, lists, definitions, services.retries),
  ]) {
    app.route('/', routes);
  }
  app.route('/', inquiryPageRoutes(services.links, services.publicUrl, log));
  let described: string | undefined;
  app.get('/openapi.json', (context) => {
    // Anybody may read it, and making it takes longer than most answers.
    described ??= JSON.stringify(describeApi(app, services.publicUrl));
    return context.body(described, 200, { 'content-type': 'application/json' });
  });
  return app;
}
