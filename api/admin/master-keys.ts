import { z } from '@hono/zod-openapi';
import type { KeyHolder, MasterKeyService } from '../../service/access/master-keys.ts';
import { createRouter, refuse } from '../http/environment.ts';
import { errorResponses } from '../http/errors.ts';
import { createApiRoute, json } from '../http/routes.ts';

// The master keys that seal connections, secrets and the signing key at rest. Nothing here is a key, only the hash of one.

const MasterKeysSchema = z
  .object({
    keys: z.array(
      z.object({
        id: z.string().describe('A hash of the key.'),
        seals: z.boolean().describe('Whether the API that answers seals with it.'),
        sealed: z
          .object({ connections: z.int(), secrets: z.int(), signing_keys: z.int() })
          .describe('What is stored that it has sealed.'),
      }),
    ),
    processes: z
      .array(
        z.object({
          kind: z.enum(['api', 'worker', 'all']),
          host: z.string(),
          pid: z.int(),
          key_ids: z.array(z.string()).describe('The ids of its keys; the first one seals.'),
          missing: z.array(z.string()).describe('Keys that it needs and lacks.'),
          payload_key_ids: z
            .array(z.string())
            .nullable()
            .describe('The ids of its payload keys; the first one seals. Null: a process of an earlier release.'),
          missing_payload_keys: z.array(z.string()).describe('Payload keys that others seal with and it lacks.'),
          seen_at: z.iso.datetime(),
        }),
      )
      .describe('The processes that were seen in the last minute.'),
    damaged: z
      .array(
        z.object({
          kind: z.enum(['connections', 'secrets', 'signing_keys']),
          name: z.string().describe('The ref of its tenant and its name; of a signing key its id.'),
        }),
      )
      .describe('What is stored that its key does not open, or that names no key: store it again. 100 at most.'),
  })
  .openapi('MasterKeys');

const tags = ['system'];
const checkRoute = createApiRoute({
  permission: 'admin',
  method: 'get',
  path: '/api/v1/master-keys',
  tags,
  summary: 'Which master key has sealed how much, and who lacks one',
  description: 'Default tenant only.',
  responses: { 200: json(z.object({ data: MasterKeysSchema }), 'Keys and processes.'), ...errorResponses() },
});

const ResealedSchema = z
  .object({
    renewed: z.int().describe('What this request has sealed with the first key.'),
    left: z.int().describe('What another request would seal.'),
    unopened: z.int().describe('What no key of this API opens.'),
  })
  .openapi('Resealed');
const resealRoute = createApiRoute({
  permission: 'admin',
  method: 'post',
  path: '/api/v1/master-keys/reseal',
  tags,
  summary: 'Seal with the first master key what another one has sealed',
  description:
    'Seals 500 connections, secrets and signing keys at most: repeat it while some are left. Default tenant only.',
  responses: { 200: json(z.object({ data: ResealedSchema }), 'Sealed.'), ...errorResponses('master_key_missing') },
});

/** The routes of master keys. */
export function masterKeyRoutes(masterKeys: MasterKeyService) {
  const router = createRouter();
  router.openapi(
    checkRoute,
    async (context) => {
      const { keys, processes, damaged } = await masterKeys.check(context.get('principal'));
      return context.json({ data: { keys, processes: processes.map(processBody), damaged } }, 200);
    },
    refuse(checkRoute),
  );
  router.openapi(
    resealRoute,
    async (context) => context.json({ data: await masterKeys.reseal(context.get('principal')) }, 200),
    refuse(resealRoute),
  );
  return router;
}

function processBody({ kind, host, pid, keyIds, missing, payloadKeyIds, missingPayloadKeys, seen }: KeyHolder) {
  return {
    kind,
    host,
    pid,
    key_ids: keyIds,
    missing,
    payload_key_ids: payloadKeyIds,
    missing_payload_keys: missingPayloadKeys,
    seen_at: seen.toISOString(),
  };
}
