import { and, desc, eq, gt, inArray, isNull, lt, lte, notInArray, or, type SQL } from 'drizzle-orm';
import type { Grants, Principal, PrincipalKind } from '../../model/principal.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { holds } from './admins.ts';
import { apiKeys, principals, sessions, tenants } from './tables.ts';

/** A session to add. */
export type NewSession = typeof sessions.$inferInsert;

/** A session that has not ended, with what its principal may do now. */
export interface FoundSession {
  principal: Principal;
  /** The prefix of its key; null: it was opened with a token. */
  keyPrefix: string | null;
  seen: Date;
  ends: Date;
}

/** The time, and the time before which a session that was not used since has ended. */
export interface SessionTimes {
  now: Date;
  idleSince: Date;
}

/** Sessions of browsers that are signed in, by the hashes of their ids. */
export interface SessionStore {
  /** Finds the key with a hash; null when there is none, or it no longer holds. */
  findKey(hash: string, now: Date): Promise<{ id: number; prefix: string; expires: Date | null } | null>;
  /** Adds a session, and ends those of its principal that were used longest ago, so that `most` are left. */
  add(session: NewSession, most: number): Promise<void>;
  /**
   * Finds a session with what its key or token grants now; null when there is none, it has ended, its key no longer holds, or its
   * principal is disabled or was disabled since it was opened.
   */
  find(hash: string, times: SessionTimes): Promise<FoundSession | null>;
  /** Notes that a session is used, unless that was noted since `seen`. */
  touch(hash: string, seen: Date, now: Date): Promise<void>;
  /** Ends a session; returns false when there is none. */
  end(hash: string): Promise<boolean>;
  /** Deletes at most `limit` sessions that have ended by their times. */
  forget(times: SessionTimes, limit: number): Promise<void>;
}

/** Creates the store over an open database. */
export function createSessionStore(db: Database): SessionStore {
  return named<SessionStore>('sessions', {
    async findKey(hash, now) {
      const { id, prefix, expires } = apiKeys;
      const found = await db
        .select({ id, prefix, expires })
        .from(apiKeys)
        .where(and(eq(apiKeys.hash, hash), holds(now)));
      return found[0] ?? null;
    },

    async add(session, most) {
      await db.insert(sessions).values(session);
      const own = eq(sessions.principal, session.principal);
      const kept = db
        .select({ hash: sessions.hash })
        .from(sessions)
        .where(own)
        .orderBy(desc(sessions.seen))
        .limit(most);
      await db.delete(sessions).where(and(own, notInArray(sessions.hash, kept)));
    },

    async find(hash, times) {
      const [found] = await db
        .select({ session: sessions, principal: principals, tenantRef: tenants.ref, key: apiKeys })
        .from(sessions)
        .innerJoin(principals, eq(principals.id, sessions.principal))
        .innerJoin(tenants, eq(tenants.id, sessions.tenant))
        .leftJoin(apiKeys, eq(apiKeys.id, sessions.key))
        .where(
          and(
            eq(sessions.hash, hash),
            gt(sessions.ends, times.now),
            gt(sessions.seen, times.idleSince),
            isNull(principals.disabled),
            or(isNull(principals.disabledLast), lt(principals.disabledLast, sessions.created)),
            // A session without a key has no columns of one, which holds.
            holds(times.now),
          ),
        );
      if (found === undefined) return null;
      const { session, principal, tenantRef, key } = found;
      const caller = toPrincipal(principal, session.bearer ?? principal, {
        tenantRef,
        kind: key?.kind ?? session.bearer!.kind,
        onBehalfOf: key?.onBehalfOf ?? null,
      });
      return { principal: caller, keyPrefix: key?.prefix ?? null, seen: session.seen, ends: session.ends };
    },

    async touch(hash, seen, now) {
      await db
        .update(sessions)
        .set({ seen: now })
        .where(and(eq(sessions.hash, hash), eq(sessions.seen, seen)));
    },

    async end(hash) {
      const ended = await db.delete(sessions).where(eq(sessions.hash, hash)).returning({ hash: sessions.hash });
      return ended.length > 0;
    },

    async forget(times, limit) {
      const old = db.select({ hash: sessions.hash }).from(sessions).where(hasEnded(times)).limit(limit);
      await db.delete(sessions).where(inArray(sessions.hash, old));
    },
  });
}

function hasEnded({ now, idleSince }: SessionTimes): SQL | undefined {
  return or(lte(sessions.ends, now), lte(sessions.seen, idleSince));
}

function toPrincipal(
  { id, tenant, subject }: typeof principals.$inferSelect,
  { roles, permissions, groups }: Grants,
  { tenantRef, kind, onBehalfOf }: { tenantRef: string; kind: PrincipalKind; onBehalfOf: string | null },
): Principal {
  return { id, tenant, tenantRef, subject, roles, permissions, groups, kind, onBehalfOf };
}
