import { and, asc, eq, sql } from 'drizzle-orm';
import type { EnforcementReason } from '../../model/events/enforcement.ts';
import type { Database, Transaction } from '../database.ts';
import { suppressPending } from '../events/enforcements.ts';
import { applyPace } from '../events/lanes.ts';
import { ruleRevisions, rules, ruleVersions } from './tables.ts';

// Parts of the transactions that change rules.

/** Why what is pending of a disabled rule starts nothing any more. */
export const DISABLED: EnforcementReason = { code: 'rule_disabled', message: 'the rule was disabled' };

/** Writes new content as the next revision of a rule; without any, the authors of its newest one. Returns the number of the newest one. */
export async function writeRuleRevision(
  transaction: Transaction,
  tenant: string,
  { id, revision }: { id: number; revision: number },
  content: Pick<typeof ruleRevisions.$inferSelect, 'hash' | 'content'> | null,
  writers: string[],
): Promise<number> {
  if (content !== null) {
    const next = revision + 1;
    await transaction.insert(ruleRevisions).values({ tenant, rule: id, revision: next, writers, ...content });
    await applyPace(transaction, tenant, id, content.content);
    return next;
  }
  const own = and(eq(ruleRevisions.tenant, tenant), eq(ruleRevisions.rule, id));
  await transaction
    .update(ruleRevisions)
    .set({ writers })
    .where(and(own, eq(ruleRevisions.revision, revision)));
  return revision;
}

/** Lists the refs of the enabled rules that start a workflow, in order. */
export async function listStarters(db: Pick<Database, 'select'>, tenant: string, workflow: string): Promise<string[]> {
  const found = await db
    .select({ ref: rules.ref })
    .from(rules)
    .where(and(eq(rules.tenant, tenant), eq(rules.workflow, workflow), eq(rules.enabled, true)))
    .orderBy(asc(rules.ref));
  return found.map(({ ref }) => ref);
}

/** Disables the rules that start a workflow. Returns how many enforcements that suppresses. */
export async function retireStarters(transaction: Transaction, tenant: string, workflow: string): Promise<number> {
  const disabled = await transaction
    .update(rules)
    .set({ enabled: false, updated: new Date() })
    .where(and(eq(rules.tenant, tenant), eq(rules.workflow, workflow), eq(rules.enabled, true)))
    .returning({ id: rules.id });
  if (disabled.length === 0) return 0;
  const ids = disabled.map(({ id }) => id);
  const suppressed = await suppressPending(transaction, tenant, ids, DISABLED);
  await noteChange(transaction, tenant);
  return suppressed;
}

/** Notes that the rules of a tenant have changed, for those who keep them in memory. */
export async function noteChange(transaction: Transaction, tenant: string): Promise<void> {
  await transaction
    .insert(ruleVersions)
    .values({ tenant, version: 1 })
    .onConflictDoUpdate({ target: ruleVersions.tenant, set: { version: sql`${ruleVersions.version} + 1` } });
}
