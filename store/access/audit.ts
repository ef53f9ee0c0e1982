import { and, desc, eq, lt, type SQL } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { auditLog } from './tables.ts';

/** A change that somebody made. */
export type AuditRow = typeof auditLog.$inferSelect;

/** The audit log. */
export interface AuditStore {
  /** Adds a change. */
  add(row: Omit<AuditRow, 'id' | 'at'>): Promise<void>;
  /** Lists the changes of a tenant, newest first, older than the one with an id. */
  list(
    tenant: string,
    options: { subject?: string | undefined; before?: number | undefined },
    limit: number,
  ): Promise<AuditRow[]>;
}

/** Creates the store over an open database. */
export function createAuditStore(db: Database): AuditStore {
  return named<AuditStore>('audit', {
    async add(row) {
      await db.insert(auditLog).values(row);
    },

    async list(tenant, { subject, before }, limit) {
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
