import { createRoute, z } from '@hono/zod-openapi';
import type { SigningKeyService } from '../../service/statements/signing-keys.ts';
import { createRouter, refuse } from '../http/environment.ts';
import { ErrorSchema, errorResponses } from '../http/errors.ts';
import { createApiRoute, json } from '../http/routes.ts';

// The keys that sign decisions, controls and starts.

const InstantSchema = z.iso.datetime();
const KeysSchema = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        alg: z.literal('EdDSA'),
        use: z.literal('sig'),
        kid: z.string(),
        x: z.string(),
        status: z.enum(['active', 'retired', 'revoked']),
        created_at: InstantSchema,
        retired_at: InstantSchema.nullable(),
        revoked_at: InstantSchema.nullable(),
      }),
    ),
  })
  .openapi('SigningKeys');
const keysRoute = createRoute({
  method: 'get',
  path: '/.well-known/fermata-keys.json',
  tags: ['system'],
  security: [],
  summary: 'The keys that sign decisions and controls (JWKS, RFC 8037), earlier ones included',
  description: 'For whoever checks decisions without the API. Needs no credential.',
  responses: {
    200: { description: 'The keys.', content: { 'application/json': { schema: KeysSchema } } },
    429: json(ErrorSchema, 'rate_limited'),
  },
});

const rotateRoute = createApiRoute({
  permission: 'admin',
  method: 'post',
  path: '/api/v1/signing-keys/rotate',
  tags: ['system'],
  summary: 'Create a key that signs for the executions that are started from now on',
  description: 'Earlier keys sign for the executions that trust no other, and stay published. Default tenant only.',
  responses: { 201: json(KeysSchema, 'All keys.'), ...errorResponses('request_invalid') },
});

const RevokedSchema = z
  .object({
    told: z.int().describe('Open executions that were told not to trust it.'),
    failed: z.int().describe('Those that could not be told.'),
    finished: z.boolean().describe('Whether all were tried; else the rest is told in the background.'),
  })
  .openapi('RevokedSigningKey');
const revokeRoute = createApiRoute({
  permission: 'admin',
  method: 'post',
  path: '/api/v1/signing-keys/{kid}/revoke',
  tags: ['system'],
  summary: 'Revoke a signing key for good, in every open execution that trusts it',
  description:
    'Answers within 20 seconds, and may be repeated. What it has signed before counts where it was taken before. Default tenant only.',
  request: { params: z.object({ kid: z.string().max(100) }) },
  responses: {
    200: json(z.object({ data: RevokedSchema }), 'Revoked.'),
    ...errorResponses('key_not_found', 'last_key'),
  },
});

/** The routes of signing keys; the keys themselves are open to all. */
export function signingKeyRoutes(signingKeys: SigningKeyService) {
  const router = createRouter();
  router.openapi(keysRoute, async (context) => {
    context.header('cache-control', 'max-age=300');
    return context.json({ keys: await signingKeys.list() }, 200);
  });
  router.openapi(rotateRoute, async (context) =>
    context.json({ keys: await signingKeys.rotate(context.get('principal')) }, 201),
  );
  router.openapi(
    revokeRoute,
    async (context) => {
      const data = await signingKeys.revoke(context.get('principal'), context.req.valid('param').kid);
      return context.json({ data }, 200);
    },
    refuse(revokeRoute),
  );
  return router;
}
