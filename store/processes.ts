import { asc, eq, gte, lt, sql } from 'drizzle-orm';
import type { Database } from './database.ts';
import { named } from './named.ts';
import { processes } from './schema.ts';

/** A process of the installation that was seen at some time. */
export type ProcessRow = typeof processes.$inferSelect;

/** The processes of the installation. */
export type ProcessStore = ReturnType<typeof createProcessStore>;

/** Creates the store over an open database. Times are the database's, so that the clocks of machines do not count. */
export function createProcessStore(db: Database) {
  const ago = (seconds: number) => sql`clock_timestamp() - make_interval(secs => ${seconds})`;

  return named('processes', {
    /** Notes that a process is alive, and drops those that were not seen for some seconds. */
    async note(row: Omit<ProcessRow, 'seen'>, forgottenAfter: number): Promise<void> {
      const seen = sql`clock_timestamp()`;
      await db
        .insert(processes)
        .values({ ...row, seen })
        .onConflictDoUpdate({ target: processes.id, set: { seen } });
      await db.delete(processes).where(lt(processes.seen, ago(forgottenAfter)));
    },

    /** Returns the processes that were seen in the last seconds, by kind, host and process id. */
    list(seconds: number): Promise<ProcessRow[]> {
      const { kind, host, pid, seen } = processes;
      return db
        .select()
        .from(processes)
        .where(gte(seen, ago(seconds)))
        .orderBy(asc(kind), asc(host), asc(pid));
    },

    /** Drops a process that ends. */
    async end(id: string): Promise<void> {
      await db.delete(processes).where(eq(processes.id, id));
    },
  });
}
