import { and, desc, eq, exists, gte, inArray, isNull, max, sql } from 'drizzle-orm';
import { AppError } from '../../model/app-error.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import { hasPermission, type Role } from '../../model/permissions.ts';
import type { AliasKind, Grants, Principal, PrincipalKind } from '../../model/principal.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { type AdminGuard, holds, keepAdmin } from './admins.ts';
import { type Aliases, createAliases, isSubject } from './aliases.ts';
import { aliases, apiKeys, principals, tenants } from './tables.ts';
import { createTenants, type Tenants } from './tenants.ts';

/** A key with its principal. */
export interface KeyRow {
  key: typeof apiKeys.$inferSelect;
  principal: typeof principals.$inferSelect;
}

/** A stored principal with its tenant's ref, and the kinds of its valid keys. */
export interface KnownPrincipal {
  principal: typeof principals.$inferSelect;
  tenantRef: string;
  keyKinds: PrincipalKind[];
}

/** The fields of a new key. */
interface NewKey {
  prefix: string;
  hash: string;
  label: string | null;
  expires: Date | null;
  kind?: PrincipalKind | undefined;
  onBehalfOf?: string | undefined;
}

const PRINCIPAL = {
  id: principals.id,
  tenant: principals.tenant,
  tenantRef: tenants.ref,
  subject: principals.subject,
  roles: principals.roles,
  permissions: principals.permissions,
  groups: principals.groups,
};

/** Tenants, principals, their keys, and their aliases. */
export interface PrincipalStore extends Aliases, Tenants {
  /** Finds the principal of a valid key by the key's hash; null when there is none, or the principal is disabled. */
  findByKeyHash(hash: string, now: Date): Promise<Principal | null>;
  /**
   * Creates a key, and creates its principal or updates it to `grants`. Throws `last_admin` where the tenant would be left without an
   * admin, or with only one, who expires with the key.
   */
  createKey(
    tenant: string,
    subject: string,
    grants: Partial<Grants>,
    newKey: NewKey,
    guard: AdminGuard,
  ): Promise<KeyRow>;
  /** Lists the keys of a tenant that are not revoked, newest first. */
  listKeys(tenant: string): Promise<KeyRow[]>;
  /** Revokes a key; returns false when the tenant has no such key. Throws `last_admin`. */
  revokeKey(tenant: string, id: number, guard: AdminGuard): Promise<boolean>;
  /** Returns the integer id of a principal; creates the principal unless it exists. */
  ensurePrincipal(tenant: string, subject: string): Promise<number>;
  /**
   * Returns the id of the principal of a token, which is created unless it exists; null when it is disabled. Stores `claims`, unless
   * they are null, where they are new or were last seen before `stale`.
   */
  rememberBearer(
    tenant: string,
    subject: string,
    claims: Grants | null,
    options: { now: Date; stale: Date },
  ): Promise<number | null>;
  /** Disables a principal: revokes its keys and forgets what its tokens granted. Returns false when there is none. Throws `last_admin`. */
  disable(tenant: string, subject: string, guard: AdminGuard): Promise<boolean>;
  /** Returns when one of some subjects was last disabled, as ISO 8601; `never` when none was. */
  lastDisabled(tenant: string, subjects: readonly string[]): Promise<string>;
  /** Reports whether one of some subjects was disabled at a time or later, even if it was enabled again. */
  wasDisabledSince(tenant: string, subjects: readonly string[], time: Date): Promise<boolean>;
  /** Enables a disabled principal, without its old credentials. Returns false when there is no such principal. */
  enable(tenant: string, subject: string): Promise<boolean>;
  /**
   * Finds what a principal was granted: by its keys, if it ever had one, and by its last token as a person. Null when there is no such
   * principal.
   */
  findStanding(
    tenant: string,
    id: number,
  ): Promise<{ disabled: boolean; byKeys: Grants | null; byToken: Grants | null } | null>;
  /** Finds a principal by its subject or an alias; null when there is none. */
  findPerson(
    tenant: string,
    name: { subject: string } | { kind: AliasKind; value: string },
    now: Date,
  ): Promise<KnownPrincipal | null>;
  /** Creates a principal and its key unless they exist. */
  ensureKey(
    tenant: string,
    subject: string,
    roles: Role[],
    key: { prefix: string; hash: string; label: string; expires?: Date },
  ): Promise<void>;
}

/** Creates the store over an open database. */
export function createPrincipalStore(db: Database): PrincipalStore {
  const byKeyHash = db
    .select({ ...PRINCIPAL, kind: apiKeys.kind, onBehalfOf: apiKeys.onBehalfOf })
    .from(apiKeys)
    .innerJoin(principals, eq(principals.id, apiKeys.principal))
    .innerJoin(tenants, eq(tenants.id, principals.tenant))
    .where(and(eq(apiKeys.hash, sql.placeholder('hash')), isNull(principals.disabled), holds(sql.placeholder('now'))))
    .prepare('principal_by_key_hash');

  return named<PrincipalStore>('principals', {
    ...createAliases(db),
    ...createTenants(db),

    async findByKeyHash(hash, now) {
      const found = await byKeyHash.execute({ hash, now: now.toISOString() });
      return found[0] ?? null;
    },

    async createKey(tenant, subject, grants, { kind = 'person', onBehalfOf, ...key }, guard) {
      return keepAdmin(db, tenant, guard, async (transaction, hadAdmin) => {
        const [principal] = await transaction
          .insert(principals)
          .values({ tenant, subject, ...grants })
          .onConflictDoUpdate({ target: [principals.tenant, principals.subject], set: { subject, ...grants } })
          .returning();
        const [created] = await transaction
          .insert(apiKeys)
          .values({ tenant, principal: principal!.id, ...key, kind, onBehalfOf: onBehalfOf ?? null })
          .returning();
        if (!hadAdmin && key.expires !== null && !guard.force && hasPermission(principal!, 'admin')) {
          throw new AppError('last_admin', 'the only admin of the tenant would expire');
        }
        return { key: created!, principal: principal! };
      });
    },

    async listKeys(tenant) {
      return db
        .select({ key: apiKeys, principal: principals })
        .from(apiKeys)
        .innerJoin(principals, eq(principals.id, apiKeys.principal))
        .where(and(eq(apiKeys.tenant, tenant), isNull(apiKeys.revoked)))
        .orderBy(desc(apiKeys.id));
    },

    async revokeKey(tenant, id, guard) {
      const revoked = await keepAdmin(db, tenant, guard, (transaction) =>
        transaction
          .update(apiKeys)
          .set({ revoked: guard.now })
          .where(and(eq(apiKeys.tenant, tenant), eq(apiKeys.id, id), isNull(apiKeys.revoked)))
          .returning({ id: apiKeys.id }),
      );
      return revoked.length > 0;
    },

    async ensurePrincipal(tenant, subject) {
      const where = and(eq(principals.tenant, tenant), eq(principals.subject, subject));
      const [known] = await db.select({ id: principals.id }).from(principals).where(where);
      if (known !== undefined) return known.id;
      await db.insert(principals).values({ tenant, subject }).onConflictDoNothing();
      const [made] = await db.select({ id: principals.id }).from(principals).where(where);
      return made!.id;
    },

    async rememberBearer(tenant, subject, claims, { now, stale }) {
      const id = await this.ensurePrincipal(tenant, subject);
      const [known] = await db.select().from(principals).where(eq(principals.id, id));
      if (known === undefined || known.disabled !== null) return null;
      if (claims === null) return id;
      const same =
        known.claims !== null &&
        canonicalJson(known.claims as unknown as Json) === canonicalJson(claims as unknown as Json);
      if (same && known.claimsSeen !== null && known.claimsSeen >= stale) return id;
      const kept = await db
        .update(principals)
        .set({ claims, claimsSeen: now })
        .where(and(eq(principals.id, id), isNull(principals.disabled)))
        .returning({ id: principals.id });
      return kept.length === 0 ? null : id;
    },

    async disable(tenant, subject, guard) {
      const { now } = guard;
      return keepAdmin(db, tenant, guard, async (transaction) => {
        const [found] = await transaction
          .update(principals)
          .set({
            disabled: sql`coalesce(${principals.disabled}, ${now.toISOString()})`,
            disabledLast: now,
            claims: null,
            claimsSeen: null,
          })
          .where(and(eq(principals.tenant, tenant), eq(principals.subject, subject)))
          .returning({ id: principals.id });
        if (found === undefined) return false;
        await transaction
          .update(apiKeys)
          .set({ revoked: now })
          .where(and(eq(apiKeys.principal, found.id), isNull(apiKeys.revoked)));
        return true;
      });
    },

    async lastDisabled(tenant, subjects) {
      const [found] = await db
        .select({ last: max(principals.disabledLast) })
        .from(principals)
        .where(and(eq(principals.tenant, tenant), inArray(principals.subject, [...subjects])));
      return found?.last?.toISOString() ?? 'never';
    },

    async wasDisabledSince(tenant, subjects, time) {
      const found = await db
        .select({ id: principals.id })
        .from(principals)
        .where(
          and(
            eq(principals.tenant, tenant),
            inArray(principals.subject, [...subjects]),
            gte(principals.disabledLast, time),
          ),
        )
        .limit(1);
      return found.length > 0;
    },

    async enable(tenant, subject) {
      const found = await db
        .update(principals)
        .set({ disabled: null })
        .where(and(eq(principals.tenant, tenant), eq(principals.subject, subject)))
        .returning({ id: principals.id });
      return found.length > 0;
    },

    async findStanding(tenant, id) {
      const ownKey = db
        .select({ id: apiKeys.id })
        .from(apiKeys)
        .where(and(eq(apiKeys.tenant, principals.tenant), eq(apiKeys.principal, principals.id)));
      const { roles, permissions, groups, claims, disabled } = principals;
      const [found] = await db
        .select({ roles, permissions, groups, claims, disabled, hasKey: exists(ownKey).mapWith(Boolean) })
        .from(principals)
        .where(and(eq(principals.tenant, tenant), eq(principals.id, id)));
      if (found === undefined) return null;
      const grants = { roles: found.roles, permissions: found.permissions, groups: found.groups };
      return { disabled: found.disabled !== null, byKeys: found.hasKey ? grants : null, byToken: found.claims };
    },

    async findPerson(tenant, name, now) {
      const is =
        'subject' in name
          ? isSubject([name.subject])
          : inArray(
              principals.id,
              db
                .select({ id: aliases.principal })
                .from(aliases)
                .where(and(eq(aliases.tenant, tenant), eq(aliases.kind, name.kind), eq(aliases.value, name.value))),
            );
      const [found] = await db
        .select({ principal: principals, tenantRef: tenants.ref })
        .from(principals)
        .innerJoin(tenants, eq(tenants.id, principals.tenant))
        .where(and(eq(principals.tenant, tenant), is))
        .orderBy(principals.id)
        .limit(1);
      if (found === undefined) return null;
      const keys = await db
        .selectDistinct({ kind: apiKeys.kind })
        .from(apiKeys)
        .where(and(eq(apiKeys.principal, found.principal.id), holds(now)));
      return { ...found, keyKinds: keys.map(({ kind }) => kind) };
    },

    async ensureKey(tenant, subject, roles, key) {
      await db.insert(principals).values({ tenant, subject, roles }).onConflictDoNothing();
      const [found] = await db
        .select({ id: principals.id })
        .from(principals)
        .where(and(eq(principals.tenant, tenant), eq(principals.subject, subject)));
      await db
        .insert(apiKeys)
        .values({ tenant, principal: found!.id, ...key })
        .onConflictDoNothing();
    },
  });
}
