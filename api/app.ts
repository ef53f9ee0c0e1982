import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { auditChanges, auditRoutes } from './admin/audit.ts';
import { CODEC_PATH, codecOrigins, codecRoutes } from './admin/codec.ts';
import { connectionRoutes } from './admin/connections.ts';
import { executionIndexRoutes } from './admin/execution-index.ts';
import { masterKeyRoutes } from './admin/master-keys.ts';
import { principalRoutes } from './admin/principals.ts';
import { secretRoutes } from './admin/secrets.ts';
import { signingKeyRoutes } from './admin/signing-keys.ts';
import { docsRoutes, systemRoutes } from './admin/system.ts';
import { taskQueueRoutes } from './admin/task-queues.ts';
import { AUTOMATION } from './automation/bodies.ts';
import { answerInAutomationForm, automationRoutes } from './automation/routes.ts';
import { bulkRoutes } from './executions/bulk.ts';
import { executionControlRoutes } from './executions/controls.ts';
import { explanationRoutes } from './executions/explanations.ts';
import { executionHistoryRoutes } from './executions/history.ts';
import { ledgerRoutes } from './executions/ledger.ts';
import { executionListRoutes } from './executions/lists.ts';
import { executionRoutes } from './executions/routes.ts';
import { streamRoutes } from './executions/streams.ts';
import { createAddressGuard } from './http/addresses.ts';
import { closeUnread } from './http/body.ts';
import type { ApiServices } from './http/environment.ts';
import { createErrorHandler } from './http/errors.ts';
import { authenticate, checkUrl, forbidStoring, limitInFlight, limitRate, observeRequests } from './http/middleware.ts';
import { allowOrigins } from './http/origins.ts';
import { createRouter } from './http/router.ts';
import { answerUnrouted } from './http/unrouted.ts';
import { delegationRoutes } from './inquiries/delegations.ts';
import { inquiryPageRoutes } from './inquiries/page/routes.ts';
import { inquiryRoutes } from './inquiries/routes.ts';
import { managementRoutes } from './management/routes.ts';
import { describeApi } from './openapi.ts';
import { scheduleRoutes } from './schedules.ts';
import { actionRoutes } from './workflows/actions.ts';
import { packRoutes } from './workflows/packs.ts';
import { workflowRoutes } from './workflows/routes.ts';
import { workflowToolRoutes } from './workflows/tools.ts';

/** Creates the API over its services. `clock` returns milliseconds. */
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
  // Preflight requests carry no credentials.
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
    workflowToolRoutes(definitions, services.simulations, services.examinations),
    workflowRoutes(definitions, deletions),
    packRoutes(services.packs, services.imports),
    actionRoutes(services.actions),
    connectionRoutes(services.connections),
    secretRoutes(services.secrets),
    ...(services.payloads === undefined ? [] : [codecRoutes(services.payloads)]),
    scheduleRoutes(services.schedules),
    executionIndexRoutes(services.index),
    executionListRoutes(lists, tasks),
    bulkRoutes(services.bulk, lists),
    streamRoutes(services.watches, services.changes),
    explanationRoutes(services.explanations),
    executionRoutes(executions, tasks, deletions),
    executionHistoryRoutes(executions),
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
    // Open to everybody and slow to build, so it is built once.
    described ??= JSON.stringify(describeApi(app, services.publicUrl));
    return context.body(described, 200, { 'content-type': 'application/json' });
  });
  return app;
}
