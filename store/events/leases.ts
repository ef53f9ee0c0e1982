import { and, asc, eq, isNull, lte, or, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { type LeaseTerms, leaseLane, listLanes } from './lanes.ts';
import { enforcements } from './tables.ts';

type Leased = (typeof enforcements.$inferSelect)[];

/**
 * Leases the oldest enforcements of a tenant that are due and that no other process has leased: of rules with a lane as many as these allow.
 */
export async function leaseEnforcements(db: Database, tenant: string, terms: LeaseTerms): Promise<Leased> {
  const { limit, now } = terms;
  const lanes = await listLanes(db, tenant, now);
  const { id } = enforcements;
  const others =
    lanes.length === 0
      ? []
      : await db.select({ id }).from(enforcements).where(isDue(tenant, now)).orderBy(asc(id)).limit(limit);
  const leased: Leased = [];
  for (const { rule, head } of lanes) {
    const older = others.filter((each) => each.id < head).length;
    const room = limit - leased.length - older;
    if (room > 0) leased.push(...(await leaseLane(db, tenant, rule, { ...terms, limit: room })));
  }
  const rest = limit - leased.length;
  if (rest > 0) leased.push(...(await leaseFree(db, tenant, { ...terms, limit: rest })));
  return leased.sort((a, b) => a.id - b.id);
}

/** Leases enforcements of rules without a lane. */
async function leaseFree(db: Database, tenant: string, { limit, now, until }: LeaseTerms): Promise<Leased> {
  const { id } = enforcements;
  const due = db
    .select({ id })
    .from(enforcements)
    .where(isDue(tenant, now))
    .orderBy(id)
    .limit(limit)
    .for('update', { skipLocked: true });
  return (
    db
      .update(enforcements)
      .set({ leased: until })
      // As an array the rows are found once: as a list the query may run again for each row, and lease more than the limit.
      .where(and(eq(enforcements.tenant, tenant), sql`${id} = any(array(${due}))`))
      .returning()
  );
}

/** Matches the enforcements of a tenant without a lane that are due and that no process has leased. */
function isDue(tenant: string, now: Date): SQL | undefined {
  const { status, lane, notBefore, leased } = enforcements;
  return and(
    eq(enforcements.tenant, tenant),
    eq(status, 'pending'),
    isNull(lane),
    or(isNull(notBefore), lte(notBefore, now)),
    or(isNull(leased), lte(leased, now)),
  );
}
