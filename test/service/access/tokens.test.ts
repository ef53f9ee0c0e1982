import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { createPrincipalService } from '../../../service/access/principals.ts';
import { createTokenVerifier, type TokenClaims } from '../../../service/access/tokens.ts';
import type { PrincipalStore } from '../../../store/access/principals.ts';

const SECRET = 'a secret that is long enough for HS256';
const verify = createTokenVerifier({ secret: SECRET, agentClients: ['assistant'] });
const CLAIMS = { sub: 'ada', tenant: 'acme', roles: ['viewer'], permissions: ['admin'], groups: ['ops'] };
type Claim = keyof typeof CLAIMS | 'azp' | 'client_id' | 'aud';

/** Verifies a token with one claim as given; returns its bearer, or the code of the refusal. */
async function bearerWith(claim: Claim, value: unknown): Promise<TokenClaims | string> {
  const signed = await new SignJWT({ ...CLAIMS, [claim]: value } as Record<string, unknown>)
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET));
  return verify(signed).then(
    (bearer) => bearer!,
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );
}

const REFUSED = 'unauthenticated';
const NO_TEXT: [string, unknown][] = [
  ['a number', 7],
  ['zero', 0],
  ['true', true],
  ['false', false],
  ['null', null],
  ['an object', { acme: 'acme' }],
  ['a list of a number', [7]],
  ['a list of null', [null]],
  ['a list of a list', [['acme']]],
  ['a text with a line feed', 'ac\nme'],
  ['a text with U+0000', 'acme\0'],
];
const NAMELESS: [string, unknown][] = [
  ...NO_TEXT,
  ['a list', ['acme']],
  ['an empty list', []],
  ['an empty text', ''],
  ['a blank', ' '],
  ['a text of 201 characters', 'x'.repeat(201)],
];

describe('a token is refused', () => {
  for (const claim of ['sub', 'tenant'] as const) {
    it.each(NAMELESS)(`whose ${claim} is %s`, async (_, value) => {
      expect(await bearerWith(claim, value)).toBe(REFUSED);
    });
  }
  for (const claim of ['roles', 'permissions', 'groups'] as const) {
    it.each([...NO_TEXT, ['a list of text and a number', ['viewer', 1]] as const])(
      `whose ${claim} are %s`,
      async (_, value) => {
        expect(await bearerWith(claim, value)).toBe(REFUSED);
      },
    );
  }
  // Else an agent's token would count as a person's.
  for (const claim of ['azp', 'client_id'] as const) {
    it.each<unknown>([7, null, true, ['assistant'], { id: 'assistant' }])(`whose ${claim} is %j`, async (value) => {
      expect(await bearerWith(claim, value)).toBe(REFUSED);
    });
  }
  it.each<unknown>([7, null, [1], {}])('whose aud is %j', async (value) => {
    expect(await bearerWith('aud', value)).toBe(REFUSED);
  });
});

describe('a token is taken', () => {
  it.each<[Claim, unknown, Partial<TokenClaims>]>([
    ['sub', 'x'.repeat(200), { subject: 'x'.repeat(200) }],
    ['sub', 'Ada Lovelace ✓', { subject: 'Ada Lovelace ✓' }],
    ['tenant', undefined, { tenant: null }],
    ['tenant', 'other', { tenant: 'other' }],
    ['roles', undefined, { roles: [] }],
    ['roles', [], { roles: [] }],
    ['roles', '', { roles: [] }],
    ['roles', 'operator', { roles: ['operator'] }],
    ['roles', '  viewer  approver unknown', { roles: ['viewer', 'approver'] }],
    ['roles', ['admin '], { roles: [] }],
    ['roles', ['__proto__', 'constructor', 'Admin'], { roles: [] }],
    ['permissions', 'execution:read nonsense', { permissions: ['execution:read'] }],
    ['permissions', ['action:execute', 'nonsense'], { permissions: ['action:execute'] }],
    ['groups', 'ops deploy', { groups: ['ops', 'deploy'] }],
    ['groups', ['ops team'], { groups: ['ops team'] }],
    ['azp', 'assistant', { kind: 'agent' }],
    ['azp', 'console', { kind: 'person' }],
  ])('with %s %j', async (claim, value, expected) => {
    expect(await bearerWith(claim, value)).toMatchObject(expected);
  });
});

describe('a token without a tenant', () => {
  it.each<['required' | 'optional' | undefined, number, boolean]>([
    [undefined, 1, true],
    [undefined, 2, false],
    ['optional', 2, true],
    ['required', 1, false],
  ])('with FERMATA_JWT_TENANT %s and %i tenants: taken %s', async (tenantClaim, tenants, taken) => {
    const store = {
      findTenant: async (ref: string) => ({ id: ref, ref, label: ref, created: new Date(0) }),
      hasTenantBeside: async () => tenants > 1,
      rememberBearer: async () => 1,
    } as unknown as PrincipalStore;
    const bearer = (tenant: string | null): TokenClaims => ({
      subject: 'ada',
      kind: 'person',
      tenant,
      roles: [],
      permissions: [],
      groups: [],
      expires: new Date(0),
    });
    const service = (tenant: string | null) =>
      createPrincipalService({ store, verify: async () => bearer(tenant), clock: () => 0, memory: 0, tenantClaim });
    const answer = await service(null)
      .authenticate('a.b.c')
      .then(
        ({ tenantRef }) => tenantRef,
        ({ code }: AppError) => code,
      );
    expect(answer).toBe(taken ? 'default' : REFUSED);
    expect((await service('acme').authenticate('a.b.c')).tenantRef).toBe('acme');
  });
});
