import { randomBytes, randomUUID } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import { grantName } from '../../model/names.ts';
import { permissionsOf } from '../../model/permissions.ts';
import { ALIAS_KINDS, type AliasKind, type Grants, type Principal, subjectsOf } from '../../model/principal.ts';
import type { AliasCreate, KeyCreate } from '../../model/requests.ts';
import type { AdminGuard } from '../../store/access/admins.ts';
import type { AliasRow, KeyRow, KnownPrincipal, PrincipalStore } from '../../store/access/principals.ts';
import { sha256Hex } from './hash.ts';
import type { TokenClaims, VerifyToken } from './tokens.ts';

const KEY_PREFIX = 'fmt_';

/** Who shares an installation. */
export interface Tenant {
  id: string;
  ref: string;
  label: string;
  created: Date;
}

/** Another name of a person, with their subject. */
export type NamedAlias = AliasRow & { subject: string };

/** Authenticates callers. */
export interface PrincipalService {
  /** Who has a key or a token. Throws `unauthenticated`; the answer does not tell an unknown key from an expired one. */
  authenticate(key: string | undefined): Promise<Principal>;
  /** Makes a tenant. Throws `forbidden` but for an admin of the default tenant, `tenant_exists`. */
  createTenant(caller: Principal, options: { ref: string; label: string }): Promise<Tenant>;
  /**
   * Makes a key, which is told once; its principal is made too, or given what stands in the body. Throws `forbidden`
   * for another tenant's but for an admin of the default tenant, `tenant_not_found`, and `last_admin` where the tenant would be left
   * without an admin, or with one alone who expires; `force` lets that through for another tenant than the caller's.
   */
  createKey(
    caller: Principal,
    body: KeyCreate,
    options?: { force?: boolean },
  ): Promise<{ secret: string; row: KeyRow; tenantRef: string }>;
  /**
   * Returns all names of the person that a principal is, its subject first: other subjects that are joined to it, by an alias or
   * because its credential acts for them, and the aliases of each.
   */
  namesOf(principal: Principal): Promise<string[]>;
  /** Returns the mail address of a person, as an admin has given it to them as another name; null where there is none. */
  mailAddressOf(principal: Principal): Promise<string | null>;
  /**
   * Finds the person who has a Slack user or an e-mail address as another name, with what they may do now; null: nobody.
   */
  findPerson(tenant: string, kind: AliasKind, value: string): Promise<Principal | null>;
  /** Finds the person who has a name, as a subject or of whatever kind, with what they may do now; null: nobody. */
  findNamed(tenant: string, name: string): Promise<Principal | null>;
  /**
   * Finds the person who has a subject where it is known what they may do now: by a key of theirs that holds, or by a token that is
   * remembered. Null otherwise, and for who is disabled.
   */
  findGranted(tenant: string, subject: string): Promise<Principal | null>;
  /**
   * Returns a principal that has asked for something earlier, with the roles and permissions that it has now: those of its keys, also
   * of expired and revoked ones, and those of its last token. Where neither is known it keeps what it had. An agent, whose person may
   * do more than it was ever given, has never more than it had. Null: it is disabled.
   */
  asItStands(principal: Principal): Promise<Principal | null>;
  /**
   * Returns a text that changes whenever one of some subjects is disabled, and never otherwise: whoever has kept it finds out later
   * whether that has happened since, also where it was enabled again.
   */
  standingOf(tenant: string, subjects: readonly string[]): Promise<string>;
  /** Reports whether one of some subjects was disabled at a time (ISO 8601) or later, also where it was enabled again. */
  wasDisabledSince(tenant: string, subjects: readonly string[], time: string): Promise<boolean>;
  /**
   * Disables a principal of the caller's tenant: its keys are revoked, its tokens refused, and it decides nothing by links or in
   * chat. Throws `principal_not_found`, and `last_admin` for the last one whose credential holds.
   */
  disable(caller: Principal, subject: string): Promise<void>;
  /** Lets a disabled principal have credentials again; its keys stay revoked. Throws `principal_not_found`. */
  enable(principal: Principal, subject: string): Promise<void>;
  /** The other names of the people of the caller's tenant. */
  listAliases(principal: Principal): Promise<NamedAlias[]>;
  /**
   * Gives a person another name; one of the kind `subject` joins a second subject to them. Throws `alias_exists` when it is
   * somebody's already.
   */
  createAlias(principal: Principal, aliasCreate: AliasCreate): Promise<NamedAlias>;
  /** Takes a name away from a person. Throws `alias_not_found`. */
  deleteAlias(principal: Principal, id: number): Promise<void>;
  /** The keys of the caller's tenant that have not been revoked. */
  listKeys(caller: Principal): Promise<KeyRow[]>;
  /** Ends a key of the caller's tenant at once. Throws `key_not_found`, and `last_admin` for the last admin's last key. */
  revokeKey(caller: Principal, id: number): Promise<void>;
}

/** Milliseconds after which it is noted again that a token was seen whose claims have not changed. */
const CLAIMS_STALE = 3_600_000;

/** The dependencies of the service. */
export interface PrincipalDependencies {
  store: PrincipalStore;
  verify: VerifyToken;
  /** Returns the time in milliseconds. */
  clock: () => number;
  memory: number;
  tenantClaim?: 'required' | 'optional' | undefined;
  onChanged?: (caller: Principal, subject: string) => void;
}

/**
 * Makes the service over a store; `clock` gives milliseconds. `memory` is for how many seconds a person counts as having what their
 * last token granted, where no token comes along: in chat and behind links. `tenantClaim` says whether tokens must name their tenant;
 * without it they must once there is a second one. `onChanged` hears of each principal that was disabled or given a key, and by whom, as
 * a principal of the same tenant.
 */
export function createPrincipalService({
  store,
  verify,
  clock,
  memory,
  tenantClaim,
  onChanged = () => {},
}: PrincipalDependencies): PrincipalService {
  let shared = false;

  /** Returns whether tokens must name their tenant. There is no way back from a second tenant. */
  async function needsTenant(): Promise<boolean> {
    if (tenantClaim !== undefined) return tenantClaim === 'required';
    shared ||= await store.hasTenantBeside(HOME_TENANT);
    return shared;
  }

  /** Returns the principal of a token, with what the token grants now. */
  async function bearerOf({ subject, tenant, kind, ...grants }: TokenClaims): Promise<Principal> {
    if (tenant === null && (await needsTenant())) {
      throw new AppError('unauthenticated', 'the token names no tenant, which it must here (FERMATA_JWT_TENANT)');
    }
    const found = await store.findTenant(tenant ?? HOME_TENANT);
    if (found === null) throw new AppError('unauthenticated', 'the token names a tenant that is not there');
    const now = clock();
    const times = { now: new Date(now), stale: new Date(now - CLAIMS_STALE) };
    // An agent's token grants what its person has given the agent, which is no more than that.
    const id = await store.rememberBearer(found.id, subject, kind === 'person' ? grants : null, times);
    if (id === null) throw new AppError('unauthenticated', `the principal "${subject}" is disabled`);
    return { id, tenant: found.id, tenantRef: found.ref, subject, kind, onBehalfOf: null, ...grants };
  }

  /** Returns what the last token of a principal has granted; null: it has sent none as a person, or too long ago. */
  function rememberedClaims({ principal: { claims, claimsSeen } }: KnownPrincipal): Grants | null {
    return claimsSeen !== null && claimsSeen.getTime() >= clock() - memory * 1000 ? claims : null;
  }

  /** Returns a principal that comes without a credential, with what its credentials grant now: nothing where it has none. */
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

  /** Whose token has granted `admin` within the hour, or as long as that is remembered, counts as an admin. */
  function adminGuard(force: boolean): AdminGuard {
    const now = clock();
    return { now: new Date(now), seenSince: new Date(now - Math.max(memory * 1000, CLAIMS_STALE)), force };
  }

  return {
    async authenticate(key) {
      if (key === undefined || key === '') {
        throw new AppError(
          'unauthenticated',
          'credentials are required: Authorization: Bearer <key or token>, or x-api-key',
        );
      }
      const claims = await verify(key);
      if (claims !== null) return bearerOf(claims);
      const found = await store.findByKeyHash(sha256Hex(key), new Date(clock()));
      if (found === null) throw new AppError('unauthenticated', 'the API key is invalid, expired or revoked');
      return found;
    },

    async createTenant(caller, { ref, label }) {
      demandHome(caller, 'make tenants');
      const created = await store.createTenant(randomUUID(), ref, label);
      if (created === null) throw new AppError('tenant_exists', `Tenant '${ref}' already exists`);
      return created;
    },

    async createKey(caller, body, { force = false } = {}) {
      const { subject, tenant: wanted, roles, permissions, groups, label = null, expires_in: expiresIn } = body;
      const { kind, on_behalf_of: onBehalfOf } = body;
      let tenant = { id: caller.tenant, ref: caller.tenantRef };
      if (wanted !== undefined && wanted !== tenant.ref && wanted !== tenant.id) {
        demandHome(caller, "make another tenant's keys");
        const found = await store.findTenant(wanted);
        if (found === null) throw new AppError('tenant_not_found', `Tenant '${wanted}' not found`);
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
      // Where subjects are addresses, an address is its own name.
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
      const allowed = permissionsOf(principal.roles, principal.permissions);
      return {
        ...principal,
        roles: roles.filter((role) => principal.roles.includes(role)),
        permissions: [...permissionsOf(roles, permissions)].filter((permission) => allowed.has(permission)),
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
      if (created === null) throw new AppError('alias_exists', `"${name}" is somebody's name already`);
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

/** Returns a name as it is kept: that of a Slack user as Slack has it. */
function aliasName(kind: AliasKind, value: string): string {
  return kind === 'slack' ? value : grantName(value);
}

function unknownSubject(subject: string): AppError {
  return new AppError('principal_not_found', `Principal '${subject}' not found`);
}

/** The tenant whose admins may make others: the first one. */
export const HOME_TENANT = 'default';

/** Whether somebody is of the first tenant, whose admins look after the installation. */
export const isHome = ({ tenantRef }: Principal): boolean => tenantRef === HOME_TENANT;

/** Throws `forbidden` but for the first tenant, for what concerns all of them. */
export function demandHome(caller: Principal, what: string): void {
  if (!isHome(caller)) throw new AppError('forbidden', `only admins of the tenant "${HOME_TENANT}" may ${what}`);
}

/** A new API key: 256 random bits. */
export function newKey(): string {
  return KEY_PREFIX + randomBytes(32).toString('base64url');
}

/** What may be kept of a key: its beginning, for people, and its hash. */
export function keyRecord(key: string): { prefix: string; hash: string } {
  return { prefix: key.slice(0, KEY_PREFIX.length + 4), hash: sha256Hex(key) };
}
