import { and, desc, eq, lt, type SQL } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { auditLog } from '../schema.ts';

/** A change that somebody made. */
export type AuditRow = typeof auditLog.$inferSelect;

/** The audit log. */
export type AuditStore = ReturnType<typeof createAuditStore>;

/** Makes the store over an open database. */
export function createAuditStore(db: Database) {
  return named('audit', {
    /** Adds a change. */
    async add(row: Omit<AuditRow, 'id' | 'at'>): Promise<void> {
      await db.insert(auditLog).values(row);
    },

    /** A tenant's changes, the newest first, behind one by its id. */
    async list(
      tenant: string,
      { subject, before }: { subject?: string | undefined; before?: number | undefined },
      limit: number,
    ): Promise<AuditRow[]> {
      const conditions: (SQL | undefined)[] = [
        eq(auditLog.tenant, tenant),
        subject === undefined ? undefined : eq(auditLog.subject, subject),
        before === undefined ? undefined : lt(auditLog.id, before),
      ];
      return db
        .select()
        .from(auditLog)
        .where(and(...conditions))
        .orderBy(desc(auditLog.id))
        .limit(limit);
    },
  });
}
