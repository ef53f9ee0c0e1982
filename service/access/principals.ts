import { randomBytes, randomUUID } from 'node:crypto';
import type { AliasCreate, KeyCreate } from '../../model/access-requests.ts';
import { AppError } from '../../model/app-error.ts';
import { grantName } from '../../model/names.ts';
import { expandPermissions } from '../../model/permissions.ts';
import { ALIAS_KINDS, type AliasKind, type Grants, type Principal, subjectsOf } from '../../model/principal.ts';
import type { AdminGuard } from '../../store/access/admins.ts';
import type { AliasRow } from '../../store/access/aliases.ts';
import type { KeyRow, KnownPrincipal, PrincipalStore } from '../../store/access/principals.ts';
import { sha256Hex } from './hash.ts';
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

/** Authenticates callers, and manages tenants, keys, and the names of people. */
export interface PrincipalService {
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
   * Returns all names of a principal's person, the principal's subject first: subjects joined to it by an alias or by its credential,
   * and the aliases of each.
   */
  namesOf(principal: Principal): Promise<string[]>;
  /** Returns the mail address that an admin has given a person as an alias; null when there is none. */
  mailAddressOf(principal: Principal): Promise<string | null>;
  /** Finds the person with an alias, such as a Slack user or a mail address, with their present permissions; null when there is none. */
  findPerson(tenant: string, kind: AliasKind, value: string): Promise<Principal | null>;
  /** Finds the person with a subject or an alias of any kind, with their present permissions; null when there is none. */
  findNamed(tenant: string, name: string): Promise<Principal | null>;
  /**
   * Finds the person with a subject, if their present permissions are known: by a valid key, or by a token that is remembered. Null
   * otherwise, and for a disabled person.
   */
  findGranted(tenant: string, subject: string): Promise<Principal | null>;
  /**
   * Returns the principal of an earlier request with its present roles and permissions: those of its keys, also expired and revoked
   * ones, and of its last token; unchanged where neither is known. An agent never gets more than it had. Null: the principal is
   * disabled.
   */
  asItStands(principal: Principal): Promise<Principal | null>;
  /**
   * Returns a text that changes whenever one of some subjects is disabled, and never otherwise: comparing two of them shows whether
   * that has happened in between, even if the subject was enabled again.
   */
  standingOf(tenant: string, subjects: readonly string[]): Promise<string>;
  /** Reports whether one of some subjects was disabled at a time (ISO 8601) or later, even if it was enabled again. */
  wasDisabledSince(tenant: string, subjects: readonly string[], time: string): Promise<boolean>;
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
  let shared = false;

  /** Reports whether tokens must name their tenant. Once there is a second tenant, there always is. */
  async function needsTenant(): Promise<boolean> {
    if (tenantClaim !== undefined) return tenantClaim === 'required';
    shared ||= await store.hasTenantBeside(HOME_TENANT);
    return shared;
  }

  /** Returns the principal of a token, with what the token grants now. */
  async function bearerOf({ subject, tenant, kind, ...grants }: TokenClaims): Promise<Principal> {
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

  /** Returns what the last token of a person granted; null when there was none, or too long ago. */
  function rememberedClaims({ principal: { claims, claimsSeen } }: KnownPrincipal): Grants | null {
    return claimsSeen !== null && claimsSeen.getTime() >= clock() - memory * 1000 ? claims : null;
  }

  /** Returns a principal that presents no credential with what its credentials grant now: nothing where it has none. */
  function presentOf(known: KnownPrincipal): Principal {
    const { principal, tenantRef, keyKinds } = known;
    const { id, tenant, subject, roles, permissions, groups, disabled } = principal;
    const claims = rememberedClaims(known);
    const person = claims !== null || keyKinds.includes('person');
    const granted: Grants[] = [
      ...(keyKinds.includes('person') ? [{ roles, permissions, groups }] : []),
      ...(claims === null ? [] : [claims]),
    ];
    const all = disabled === null ? granted : [];
    return {
      id,
      tenant,
      tenantRef,
      subject,
      onBehalfOf: null,
      kind: person ? 'person' : (keyKinds[0] ?? 'person'),
      roles: [...new Set(all.flatMap((grants) => grants.roles))],
      permissions: [...new Set(all.flatMap((grants) => grants.permissions))],
      groups: [...new Set(all.flatMap((grants) => grants.groups))],
    };
  }

  /** Counts as an admin whoever has sent a token with `admin` within the hour, or for as long as tokens are remembered. */
  function adminGuard(force: boolean): AdminGuard {
    const now = clock();
    return { now: new Date(now), seenSince: new Date(now - Math.max(memory * 1000, CLAIMS_STALE)), force };
  }

  return {
    async authenticate(key) {
      if (key === undefined || key === '') {
        throw new AppError(
          'unauthenticated',
          'credentials are required: send Authorization: Bearer <key or token>, or x-api-key',
        );
      }
      const claims = await verify(key);
      if (claims !== null) return bearerOf(claims);
      const found = await store.findByKeyHash(sha256Hex(key), new Date(clock()));
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

    async namesOf(principal) {
      return store.namesOf(principal.tenant, subjectsOf(principal));
    },

    async mailAddressOf(principal) {
      const subjects = new Set(subjectsOf(principal));
      const aliases = await store.listAliases(principal.tenant);
      return aliases.find(({ kind, subject }) => kind === 'email' && subjects.has(subject))?.value ?? null;
    },

    async findPerson(tenant, kind, value) {
      const name = aliasName(kind, value);
      const now = new Date(clock());
      const found = await store.findPerson(tenant, { kind, value: name }, now);
      // Subjects may be mail addresses.
      const known = found ?? (kind === 'email' ? await store.findPerson(tenant, { subject: name }, now) : null);
      return known === null ? null : presentOf(known);
    },

    async findNamed(tenant, name) {
      const own = await store.findPerson(tenant, { subject: name }, new Date(clock()));
      if (own !== null) return presentOf(own);
      for (const kind of ALIAS_KINDS) {
        const found = await this.findPerson(tenant, kind, name);
        if (found !== null) return found;
      }
      return null;
    },

    async findGranted(tenant, subject) {
      const found = await store.findPerson(tenant, { subject }, new Date(clock()));
      if (found === null || found.principal.disabled !== null) return null;
      return found.keyKinds.includes('person') || rememberedClaims(found) !== null ? presentOf(found) : null;
    },

    async asItStands(principal) {
      const found = await store.findStanding(principal.tenant, principal.id);
      if (found?.disabled) return null;
      const known = [found?.byKeys ?? null, found?.byToken ?? null].filter((grants) => grants !== null);
      if (known.length === 0) return principal;
      const roles = [...new Set(known.flatMap((grants) => grants.roles))];
      const permissions = [...new Set(known.flatMap((grants) => grants.permissions))];
      if (principal.kind !== 'agent') return { ...principal, roles, permissions };
      const allowed = expandPermissions(principal.roles, principal.permissions);
      return {
        ...principal,
        roles: roles.filter((role) => principal.roles.includes(role)),
        permissions: [...expandPermissions(roles, permissions)].filter((permission) => allowed.has(permission)),
      };
    },

    standingOf: (tenant, subjects) => store.lastDisabled(tenant, subjects),

    wasDisabledSince: (tenant, subjects, time) => store.wasDisabledSince(tenant, subjects, new Date(time)),

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

/** Returns the stored form of an alias; a Slack user id is stored unchanged. */
function aliasName(kind: AliasKind, value: string): string {
  return kind === 'slack' ? value : grantName(value);
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
