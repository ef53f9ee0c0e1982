import { and, eq, inArray, lt, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { enforcements, ruleKeys } from '../events/tables.ts';
import { named } from '../named.ts';

/** A key of `dedupe` by its hash, with the id of its rule. */
export interface RuleKey {
  rule: number;
  hash: string;
}

/** A key with the match that holds it: the first one. */
export interface HeldKey extends RuleKey {
  enforcement: number;
  /** The event of that match, and when it was received. */
  event: number;
  since: Date;
}

/** A key that a match takes; until when nobody needs to know that. */
export interface TakenKey extends RuleKey {
  enforcement: number;
  since: Date;
  until: Date;
}

/** The keys of rules, of each the match that took it last. */
export interface RuleKeyStore {
  /** Finds who holds some keys. A match that has started nothing, and never will, holds none. */
  find(tenant: string, keys: readonly RuleKey[]): Promise<HeldKey[]>;
  /** Has matches take keys, which must differ, from whoever held them. */
  take(tenant: string, taken: readonly TakenKey[]): Promise<void>;
  /** Forgets keys that nobody has needed since a time, up to a number, and returns how many; waits for nobody who takes one anew. */
  forget(before: Date, limit: number): Promise<number>;
}

/** Creates the store over an open database or a transaction. */
export function createRuleKeyStore(db: Pick<Database, 'select' | 'delete' | 'execute'>): RuleKeyStore {
  return named<RuleKeyStore>('rule-keys', {
    async find(tenant, keys) {
      if (keys.length === 0) return [];
      const { rule, hash, enforcement, since } = ruleKeys;
      const hashes = [...new Set(keys.map((key) => key.hash))];
      const rules = [...new Set(keys.map((key) => key.rule))];
      return db
        .select({ rule, hash, enforcement, event: enforcements.event, since })
        .from(ruleKeys)
        .innerJoin(enforcements, eq(enforcements.id, enforcement))
        .where(
          and(
            eq(ruleKeys.tenant, tenant),
            inArray(rule, rules),
            inArray(hash, hashes),
            inArray(enforcements.status, ['pending', 'started']),
          ),
        );
    },

    async take(tenant, taken) {
      if (taken.length === 0) return;
      await db.execute(sql`
        insert into ${ruleKeys} (tenant, rule, hash, enforcement, since, until)
        select ${tenant}, rule, hash, enforcement, since, until
        from json_to_recordset(${JSON.stringify(taken)}::json) as taken(rule integer, hash text, enforcement bigint, since timestamptz,
          until timestamptz)
        on conflict (rule, hash) do update set enforcement = excluded.enforcement, since = excluded.since, until = excluded.until`);
    },

    async forget(before, limit) {
      const { rule, hash, until } = ruleKeys;
      const isOld = lt(until, before);
      const old = db
        .select({ rule, hash })
        .from(ruleKeys)
        .where(isOld)
        .limit(limit)
        .for('update', { skipLocked: true });
      const deleted = await db
        .delete(ruleKeys)
        .where(and(isOld, sql`(${rule}, ${hash}) in ${old}`))
        .returning({ rule });
      return deleted.length;
    },
  });
}
