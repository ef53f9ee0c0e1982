import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { AppError } from '../../model/app-error.ts';
import { PERMISSIONS, type Permission, ROLES, type Role } from '../../model/permissions.ts';
import type { Grants, PrincipalKind } from '../../model/principal.ts';
import { type BearerClaims, TokenClaimsSchema } from '../../model/token-claims.ts';

/** The settings by which tokens are verified; with neither keys nor a secret, no token is accepted. */
export interface TokenSettings {
  jwksUrl?: string | undefined;
  secret?: string | undefined;
  issuer?: string | undefined;
  audience?: string | undefined;
  /** The OAuth clients of agents: a token that one of them obtained belongs to an agent. */
  agentClients?: readonly string[] | undefined;
}

/** The claims of a verified token about its bearer. */
export interface TokenClaims extends Grants {
  subject: string;
  kind: PrincipalKind;
  /** Ref or UUID of the tenant; null when the token names none. */
  tenant: string | null;
  expires: Date;
}

/** Verifies a token. Throws `unauthenticated`; returns null when no tokens are accepted, and for a text that is not a token. */
export type VerifyToken = (token: string) => Promise<TokenClaims | null>;

/** The asymmetric algorithms: holders of the public key cannot sign. */
const ASYMMETRIC = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** Seconds by which clocks may differ. */
const CLOCK_TOLERANCE = 30;

/** The last time that a Date can have. */
const LAST_DATE = 8.64e15;

/** Creates the verifier (RFC 7519), which reads keys with `fetch`. */
export function createTokenVerifier(
  { jwksUrl, secret, issuer, audience, agentClients = [] }: TokenSettings,
  fetch: FetchImplementation = globalThis.fetch,
): VerifyToken {
  const options: JWTVerifyOptions = {
    requiredClaims: ['sub', 'exp'],
    clockTolerance: CLOCK_TOLERANCE,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
  const keys = jwksUrl === undefined ? null : createRemoteJWKSet(new URL(jwksUrl), { [customFetch]: fetch });
  const shared = secret === undefined ? null : new TextEncoder().encode(secret);

  async function verified(token: string): Promise<JWTPayload | null> {
    if (keys !== null) return (await jwtVerify(token, keys, { ...options, algorithms: ASYMMETRIC })).payload;
    if (shared !== null) return (await jwtVerify(token, shared, { ...options, algorithms: ['HS256'] })).payload;
    return null;
  }

  return async (token) => {
    // An API key is not a token.
    if (token.split('.').length !== 3) return null;
    try {
      const payload = await verified(token);
      return payload === null ? null : claimsOf(payload, agentClients);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      if (cause instanceof errors.JOSEError && !(cause instanceof errors.JWKSTimeout)) {
        throw new AppError('unauthenticated', 'the token is invalid or expired', { cause });
      }
      throw new AppError('tokens_unavailable', 'the keys that sign tokens cannot be read', { cause });
    }
  };
}

/** Returns the claims of a payload. Throws `unauthenticated` for a claim of a wrong type. */
function claimsOf(payload: JWTPayload, agentClients: readonly string[]): TokenClaims {
  const parsed = TokenClaimsSchema.safeParse(payload);
  if (!parsed.success) {
    const claims = [...new Set(parsed.error.issues.map(({ path }) => `"${String(path[0])}"`))];
    throw new AppError('unauthenticated', `invalid claims in the token: ${claims.join(', ')}`);
  }
  const { sub, tenant = null, roles, permissions, groups } = parsed.data;
  return {
    subject: sub,
    kind: isAgent(parsed.data, agentClients) ? 'agent' : 'person',
    tenant,
    // Unknown names grant nothing.
    roles: roles.filter((role): role is Role => Object.hasOwn(ROLES, role)),
    permissions: permissions.filter((one): one is Permission => PERMISSIONS.some((known) => known === one)),
    groups,
    expires: new Date(Math.min(payload.exp! * 1000, LAST_DATE)), // required above
  };
}

/** Reports whether a token belongs to an agent: it names an actor (RFC 8693), was given to an agent's client, or is for `…/mcp` alone. */
function isAgent({ act, azp, client_id: client, aud }: BearerClaims, agentClients: readonly string[]): boolean {
  const audiences = typeof aud === 'string' ? [aud] : aud;
  return (
    act !== undefined ||
    [azp, client].some((name) => name !== undefined && agentClients.includes(name)) ||
    audiences.some((audience) => audience.endsWith('/mcp'))
  );
}
