import { z } from '@hono/zod-openapi';
import type { KeyHolder, MasterKeyService } from '../../service/access/master-keys.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, jsonData } from '../http/routes.ts';

// The master keys, which encrypt connections, secrets, signing keys and the secrets of webhooks at rest. Responses contain hashes of keys, never keys.

const MasterKeysSchema = z
  .object({
    keys: z.array(
      z.object({
        id: z.string().describe('A hash of the key.'),
        seals: z.boolean().describe('Whether the responding API process encrypts with this key.'),
        sealed: z
          .object({ connections: z.int(), secrets: z.int(), signing_keys: z.int(), webhooks: z.int() })
          .describe('How many stored values are encrypted with this key.'),
      }),
    ),
    processes: z
      .array(
        z.object({
          kind: z.enum(['api', 'worker', 'all']),
          host: z.string(),
          pid: z.int(),
          key_ids: z.array(z.string()).describe('The ids of its keys; it encrypts with the first.'),
          missing: z.array(z.string()).describe('Required keys that it does not have.'),
          payload_key_ids: z
            .array(z.string())
            .nullable()
            .describe(
              'The ids of its payload keys; it encrypts with the first. Null for a process of an earlier release.',
            ),
          missing_payload_keys: z
            .array(z.string())
            .describe('Payload keys that other processes encrypt with and that it does not have.'),
          seen_at: z.iso.datetime(),
        }),
      )
      .describe('The processes seen within the last minute.'),
    damaged: z
      .array(
        z.object({
          kind: z.enum(['connections', 'secrets', 'signing_keys', 'webhooks']),
          name: z.string().describe('The tenant ref and the name; for a signing key, its id.'),
        }),
      )
      .describe('Stored values that cannot be decrypted and must be stored again; at most 100.'),
  })
  .openapi('MasterKeys');

const tags = ['system'];
const checkRoute = createApiRoute({
  permission: 'admin',
  method: 'get',
  path: '/api/v1/master-keys',
  tags,
  summary: 'Get the use of the master keys, and the processes that lack one',
  description: 'Default tenant only.',
  responses: { 200: jsonData(MasterKeysSchema, 'The keys and processes.'), ...errorResponses() },
});

const ResealedSchema = z
  .object({
    renewed: z.int().describe('How many values this request has re-encrypted with the first key.'),
    left: z.int().describe('How many values are left to re-encrypt.'),
    unopened: z.int().describe('How many values no key of this API can decrypt.'),
  })
  .openapi('Resealed');
const resealRoute = createApiRoute({
  permission: 'admin',
  method: 'post',
  path: '/api/v1/master-keys/reseal',
  tags,
  summary: 'Re-encrypt stored values with the first master key',
  description:
    'Re-encrypts at most 500 connections, secrets and signing keys: repeat the request while some are left. Default tenant only.',
  responses: { 200: jsonData(ResealedSchema, 'Sealed.'), ...errorResponses('master_key_missing') },
});

/** Registers the routes for master keys. */
export function masterKeyRoutes(masterKeys: MasterKeyService) {
  const router = createRouter();
  router.openapi(checkRoute, async (context) => {
    const { keys, processes, damaged } = await masterKeys.check(context.get('principal'));
    return context.json({ data: { keys, processes: processes.map(processBody), damaged } }, 200);
  });
  router.openapi(resealRoute, async (context) =>
    context.json({ data: await masterKeys.reseal(context.get('principal')) }, 200),
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
