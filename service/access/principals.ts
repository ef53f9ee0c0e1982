import { randomBytes, randomUUID } from 'node:crypto';
import type { AliasCreate, KeyCreate } from '../../model/access-requests.ts';
import { AppError } from '../../model/app-error.ts';
import type { Principal } from '../../model/principal.ts';
import type { AdminGuard } from '../../store/access/admins.ts';
import type { AliasRow } from '../../store/access/aliases.ts';
import type { KeyRow, PrincipalStore } from '../../store/access/principals.ts';
import { createSharedReads } from '../background/shared-reads.ts';
import { sha256Hex } from './hash.ts';
import { aliasName, createPeople, type People } from './people.ts';
import type { TokenClaims, VerifyToken } from './tokens.ts';

const KEY_PREFIX = 'fmt_';

/** A tenant of the installation. */
export interface Tenant {
  id: string;
  ref: string;
  label: string;
  created: Date;
}

/** Another name of a person, with their subject. */
export type NamedAlias = AliasRow & { subject: string };

/** Authenticates callers, finds people, and manages tenants, keys, and the names of people. */
export interface PrincipalService extends People {
  /** Returns the principal of an API key or a token. Throws `unauthenticated`, with the same message for unknown and expired keys. */
  authenticate(key: string | undefined): Promise<Principal>;
  /** Creates a tenant. Throws `forbidden` unless the caller is an admin of the default tenant, `tenant_exists`. */
  createTenant(caller: Principal, tenant: { ref: string; label: string }): Promise<Tenant>;
  /**
   * Creates a key, whose secret is returned only here, and creates its principal or updates it to the body. `force` allows another
   * tenant than the caller's to be left without a lasting admin. Throws `forbidden` for another tenant unless the caller is an admin of
   * the default tenant, `tenant_not_found`, and `last_admin` where the tenant would have no admin, or only one that expires.
   */
  createKey(
    caller: Principal,
    body: KeyCreate,
    options?: { force?: boolean },
  ): Promise<{ secret: string; row: KeyRow; tenantRef: string }>;
  /**
   * Disables a principal of the caller's tenant: its keys are revoked, its tokens refused, and it cannot decide by links or in chat.
   * Throws `principal_not_found`, and `last_admin` for the last admin with a valid credential.
   */
  disable(caller: Principal, subject: string): Promise<void>;
  /** Enables a disabled principal; its keys stay revoked. Throws `principal_not_found`. */
  enable(caller: Principal, subject: string): Promise<void>;
  /** Lists the aliases in the caller's tenant. */
  listAliases(caller: Principal): Promise<NamedAlias[]>;
  /**
   * Creates an alias of a person; an alias of the kind `subject` joins a second subject to them. Throws `alias_exists` when it is
   * taken.
   */
  createAlias(caller: Principal, body: AliasCreate): Promise<NamedAlias>;
  /** Deletes an alias. Throws `alias_not_found`. */
  deleteAlias(caller: Principal, id: number): Promise<void>;
  /** Lists the keys of the caller's tenant that are not revoked. */
  listKeys(caller: Principal): Promise<KeyRow[]>;
  /** Revokes a key of the caller's tenant. Throws `key_not_found`, and `last_admin` for the last key of the last admin. */
  revokeKey(caller: Principal, id: number): Promise<void>;
}

/** Milliseconds after which a token with unchanged claims is recorded again. */
const CLAIMS_STALE = 3_600_000;

/** The dependencies of the service. */
export interface PrincipalDependencies {
  store: PrincipalStore;
  verify: VerifyToken;
  /** Returns the time in milliseconds. */
  clock: () => number;
  /** Seconds for which a person without a credential, in chat or behind a link, has the grants of their last token. */
  memory: number;
  /** Whether tokens must name their tenant; absent: as soon as there is a second tenant. */
  tenantClaim?: 'required' | 'optional' | undefined;
  /** Called with the id of each new tenant. */
  onTenant?: (tenant: string) => Promise<void>;
  /** Called with each subject that was disabled or given a key, and the caller, as a principal of the same tenant. */
  onChanged?: (caller: Principal, subject: string) => void;
}

/** Creates the service. */
export function createPrincipalService({
  store,
  verify,
  clock,
  memory,
  tenantClaim,
  onTenant = async () => {},
  onChanged = () => {},
}: PrincipalDependencies): PrincipalService {
  const people = createPeople({ store, clock, memory });
  const shareKey = createSharedReads<Principal | null>();
  let shared = false;

  /** Reports whether tokens must name their tenant. Once there is a second tenant, there always is. */
  async function needsTenant(): Promise<boolean> {
    if (tenantClaim !== undefined) return tenantClaim === 'required';
    shared ||= await store.hasTenantBeside(HOME_TENANT);
    return shared;
  }

  /** Returns the principal of a token, with what the token grants now. */
  async function bearerOf({ subject, tenant, kind, expires: _, ...grants }: TokenClaims): Promise<Principal> {
    if (tenant === null && (await needsTenant())) {
      throw new AppError('unauthenticated', 'the token has no "tenant" claim, which is required (FERMATA_JWT_TENANT)');
    }
    const found = await store.findTenant(tenant ?? HOME_TENANT);
    if (found === null) throw new AppError('unauthenticated', 'the tenant of the token does not exist');
    const now = clock();
    const times = { now: new Date(now), stale: new Date(now - CLAIMS_STALE) };
    // The grants of an agent's token are those that its person gave the agent: they say nothing about the person.
    const id = await store.rememberBearer(found.id, subject, kind === 'person' ? grants : null, times);
    if (id === null) throw new AppError('unauthenticated', `the principal "${subject}" is disabled`);
    return { id, tenant: found.id, tenantRef: found.ref, subject, kind, onBehalfOf: null, ...grants };
  }

  /** Counts as an admin whoever has sent a token with `admin` within the hour, or for as long as tokens are remembered. */
  function adminGuard(force: boolean): AdminGuard {
    const now = clock();
    return { now: new Date(now), seenSince: new Date(now - Math.max(memory * 1000, CLAIMS_STALE)), force };
  }

  return {
    ...people,

    async authenticate(key) {
      if (key === undefined || key === '') {
        throw new AppError(
          'unauthenticated',
          'credentials are required: send Authorization: Bearer <key or token>, or x-api-key',
        );
      }
      const claims = await verify(key);
      if (claims !== null) return bearerOf(claims);
      const hash = sha256Hex(key);
      const found = await shareKey(hash, () => store.findByKeyHash(hash, new Date(clock())));
      if (found === null) throw new AppError('unauthenticated', 'the API key is invalid, expired or revoked');
      return found;
    },

    async createTenant(caller, { ref, label }) {
      demandHome(caller, 'create tenants');
      const created = await store.createTenant(randomUUID(), ref, label);
      if (created === null) throw new AppError('tenant_exists', `tenant "${ref}" already exists`);
      await onTenant(created.id);
      return created;
    },

    async createKey(caller, body, { force = false } = {}) {
      const { subject, tenant: wanted, roles, permissions, groups, label = null, expires_in: expiresIn } = body;
      const { kind, on_behalf_of: onBehalfOf } = body;
      let tenant = { id: caller.tenant, ref: caller.tenantRef };
      if (wanted !== undefined && wanted !== tenant.ref && wanted !== tenant.id) {
        demandHome(caller, 'create keys for another tenant');
        const found = await store.findTenant(wanted);
        if (found === null) throw new AppError('tenant_not_found', `tenant "${wanted}" not found`);
        tenant = found;
      }
      const secret = newKey();
      const expires = expiresIn === undefined ? null : new Date(clock() + expiresIn * 1000);
      const given = { ...(roles && { roles }), ...(permissions && { permissions }), ...(groups && { groups }) };
      const row = await store.createKey(
        tenant.id,
        subject,
        given,
        {
          ...keyRecord(secret),
          label,
          expires,
          kind,
          onBehalfOf,
        },
        adminGuard(force && tenant.id !== caller.tenant),
      );
      onChanged({ ...caller, tenant: tenant.id, tenantRef: tenant.ref }, subject);
      return { secret, row, tenantRef: tenant.ref };
    },

    async disable(caller, subject) {
      if (!(await store.disable(caller.tenant, subject, adminGuard(false)))) throw unknownSubject(subject);
      onChanged(caller, subject);
    },

    async enable({ tenant }, subject) {
      if (!(await store.enable(tenant, subject))) throw unknownSubject(subject);
    },

    listAliases: ({ tenant }) => store.listAliases(tenant),

    async createAlias({ tenant }, { subject, kind, value }) {
      const name = aliasName(kind, value);
      const principal = await store.ensurePrincipal(tenant, subject);
      const created = await store.createAlias({ tenant, principal, kind, value: name });
      if (created === null) throw new AppError('alias_exists', `"${name}" is already a name of another principal`);
      return { ...created, subject };
    },

    async deleteAlias({ tenant }, id) {
      const deleted = await store.deleteAlias(tenant, id);
      if (!deleted) throw new AppError('alias_not_found', `Alias ${id} not found`);
    },

    async listKeys(caller) {
      return store.listKeys(caller.tenant);
    },

    async revokeKey(caller, id) {
      const revoked = await store.revokeKey(caller.tenant, id, adminGuard(false));
      if (!revoked) throw new AppError('key_not_found', `Key ${id} not found`);
    },
  };
}

function unknownSubject(subject: string): AppError {
  return new AppError('principal_not_found', `principal "${subject}" not found`);
}

/** The ref of the default tenant, whose admins manage the installation. */
export const HOME_TENANT = 'default';

/** Reports whether a principal belongs to the default tenant. */
export const isHome = ({ tenantRef }: Principal): boolean => tenantRef === HOME_TENANT;

/** Throws `forbidden` unless the caller belongs to the default tenant; `what` completes "may …". */
export function demandHome(caller: Principal, what: string): void {
  if (!isHome(caller)) throw new AppError('forbidden', `only admins of the tenant "${HOME_TENANT}" may ${what}`);
}

/** Generates an API key with 256 random bits. */
export function newKey(): string {
  return KEY_PREFIX + randomBytes(32).toString('base64url');
}

/** Returns what is stored of a key: its prefix, for people, and its hash. */
export function keyRecord(key: string): { prefix: string; hash: string } {
  return { prefix: key.slice(0, KEY_PREFIX.length + 4), hash: sha256Hex(key) };
}
