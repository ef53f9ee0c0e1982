import { setTimeout } from 'node:timers/promises';
import { auditRoutes } from '../../api/admin/audit.ts';
import { codecRoutes } from '../../api/admin/codec.ts';
import { connectionRoutes } from '../../api/admin/connections.ts';
import { masterKeyRoutes } from '../../api/admin/master-keys.ts';
import { principalRoutes } from '../../api/admin/principals.ts';
import { secretRoutes } from '../../api/admin/secrets.ts';
import { type SessionRouteSettings, sessionRoutes } from '../../api/admin/sessions.ts';
import { signingKeyRoutes } from '../../api/admin/signing-keys.ts';
import { taskQueueRoutes } from '../../api/admin/task-queues.ts';
import { webhookRoutes } from '../../api/admin/webhooks.ts';
import type { Router } from '../../api/http/router.ts';
import { BUILTIN_PACKS } from '../../model/builtin-actions.ts';
import { PERSON_MEMORY, SESSION_IDLE, SESSION_MAX } from '../../model/config.ts';
import { type AuditService, createAuditService } from '../../service/access/audit.ts';
import { type ConnectionService, createConnectionService } from '../../service/access/connections.ts';
import { createMasterKeyService, type MasterKeyService } from '../../service/access/master-keys.ts';
import { createPayloadService, type PayloadService } from '../../service/access/payloads.ts';
import { createPrincipalService, type PrincipalService } from '../../service/access/principals.ts';
import { createSealer } from '../../service/access/sealer.ts';
import { createSecretService, type SecretService } from '../../service/access/secrets.ts';
import { createSessionService, type SessionService } from '../../service/access/sessions.ts';
import { createTaskQueueService, type TaskQueueService } from '../../service/access/task-queues.ts';
import { createTokenVerifier } from '../../service/access/tokens.ts';
import type { DelegationEnds } from '../../service/inquiries/delegation-ends.ts';
import { tellRevocation } from '../../service/statements/revocations.ts';
import { createSigningKeyService, type SigningKeyService } from '../../service/statements/signing-keys.ts';
import { createWebhookTallies, type WebhookTallies } from '../../service/webhooks/tallies.ts';
import { createWebhookService, type WebhookService } from '../../service/webhooks/webhooks.ts';
import { createAuditStore } from '../../store/access/audit.ts';
import { createSealStore } from '../../store/access/seals.ts';
import { createSecretStore } from '../../store/access/secrets.ts';
import { createSessionStore } from '../../store/access/sessions.ts';
import type { Foundation } from './foundation.ts';
import type { ApiOptions } from './options.ts';

/** The services about who may do what, and about keys and secrets. */
export interface AccessServices {
  principals: PrincipalService;
  /** Browsers that are signed in. */
  sessions: SessionService;
  audit: AuditService;
  connections: ConnectionService;
  secrets: SecretService;
  webhooks: WebhookService;
  /** Counts what comes in at webhooks. */
  tallies: WebhookTallies;
  taskQueues: TaskQueueService;
  signingKeys: SigningKeyService;
  masterKeys: MasterKeyService;
  /** Decrypts payloads for Temporal's UI; undefined while payloads are not encrypted. */
  payloads: PayloadService | undefined;
}

/** Composes the services; `ends` ends the delegations of people who were changed. */
export function composeAccess(
  { db, stores, temporal, namespace, projections, signer, atRest, egress, log, clock }: Foundation,
  options: ApiOptions,
  ends: Pick<DelegationEnds, 'endOf'>,
): AccessServices {
  const { tokens = {}, tenantClaim, personMemory = PERSON_MEMORY, signingPems = [], codec, secretKeys } = options;
  const { idle, longest } = options.sessions ?? { idle: SESSION_IDLE, longest: SESSION_MAX };
  const fetchKeys = egress.keys.fetch as unknown as typeof fetch; // the same standard
  const verify = createTokenVerifier(tokens, fetchKeys);
  const tallies = createWebhookTallies({ store: stores.webhooks, log, clock });
  const audit = createAuditService({ store: createAuditStore(db), log });
  const principals = createPrincipalService({
    store: stores.principals,
    verify,
    clock,
    memory: personMemory,
    tenantClaim,
    onTenant: (tenant) => stores.definitions.ensurePacks(tenant, BUILTIN_PACKS),
    // The request does not wait, since ending delegations may take long.
    onChanged: (caller, subject) => void ends.endOf(caller, subject),
  });
  return {
    principals,
    audit,
    sessions: createSessionService({
      store: createSessionStore(db),
      principals,
      verify,
      audit,
      sealer: createSealer(secretKeys, 'session'),
      idle,
      longest,
      clock,
      log,
    }),
    connections: createConnectionService({ store: stores.connections, sealer: atRest }),
    secrets: createSecretService({ store: createSecretStore(db), sealer: atRest }),
    webhooks: createWebhookService({
      store: stores.webhooks,
      triggers: stores.triggers,
      sealer: atRest,
      tallies,
      clock,
    }),
    tallies,
    taskQueues: createTaskQueueService({ store: stores.taskQueues, principals: stores.principals }),
    signingKeys: createSigningKeyService({
      store: stores.signingKeys,
      sealer: atRest,
      signer,
      log,
      pems: signingPems,
      wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, signal && { signal }),
      tell: (key, counts, signal) => tellRevocation({ temporal, projections, signer, clock, log }, key, counts, signal),
    }),
    masterKeys: createMasterKeyService({
      seals: createSealStore(db),
      processes: stores.processes,
      sealer: atRest,
    }),
    payloads: codec && createPayloadService({ codec, store: stores.executions, namespace }),
  };
}

/** Creates the routes of the services. */
export function accessRoutes(services: AccessServices, settings: SessionRouteSettings): Router[] {
  const { payloads } = services;
  return [
    principalRoutes(services.principals),
    sessionRoutes(services.sessions, settings),
    auditRoutes(services.audit),
    connectionRoutes(services.connections),
    secretRoutes(services.secrets),
    webhookRoutes(services.webhooks, settings.publicUrl),
    ...(payloads === undefined ? [] : [codecRoutes(payloads)]),
    signingKeyRoutes(services.signingKeys),
    masterKeyRoutes(services.masterKeys),
    taskQueueRoutes(services.taskQueues),
  ];
}
