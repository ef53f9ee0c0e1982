import { createRoute, z } from '@hono/zod-openapi';
import type { SigningKeyService } from '../../service/statements/signing-keys.ts';
import { ErrorSchema, errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, json, jsonData } from '../http/routes.ts';

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
  summary: 'List the public keys that sign decisions and controls (JWKS, RFC 8037)',
  description: 'For verifying decisions without the API. Includes earlier keys. Requires no credentials.',
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
  summary: 'Rotate the signing key',
  description:
    'Creates a key that signs for executions started from now on. Earlier keys continue to sign for executions that trust no other, and stay published. Default tenant only.',
  responses: { 201: json(KeysSchema, 'All keys, including the new one.'), ...errorResponses() },
});

const RevokedSchema = z
  .object({
    told: z.int().describe('Open executions that have been informed not to trust the key.'),
    failed: z.int().describe('Open executions that could not be informed.'),
    finished: z
      .boolean()
      .describe('Whether all open executions were tried; if not, the others are informed in the background.'),
  })
  .openapi('RevokedSigningKey');
const revokeRoute = createApiRoute({
  permission: 'admin',
  method: 'post',
  path: '/api/v1/signing-keys/{kid}/revoke',
  tags: ['system'],
  summary: 'Revoke a signing key permanently',
  description:
    'Informs every open execution that trusts the key, responds within 20 seconds, and can be repeated. Signatures that an execution has already accepted stay valid. Default tenant only.',
  request: { params: z.object({ kid: z.string().max(100) }) },
  responses: {
    200: jsonData(RevokedSchema, 'Revoked.'),
    ...errorResponses('key_not_found', 'last_key'),
  },
});

/** Registers the routes for signing keys; the public keys need no credentials. */
export function signingKeyRoutes(signingKeys: SigningKeyService) {
  const router = createRouter();
  router.openapi(keysRoute, async (context) => {
    context.header('cache-control', 'max-age=300');
    return context.json({ keys: await signingKeys.list() }, 200);
  });
  router.openapi(rotateRoute, async (context) =>
    context.json({ keys: await signingKeys.rotate(context.get('principal')) }, 201),
  );
  router.openapi(revokeRoute, async (context) => {
    const data = await signingKeys.revoke(context.get('principal'), context.req.valid('param').kid);
    return context.json({ data }, 200);
  });
  return router;
}
