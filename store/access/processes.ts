import { asc, eq, gte, lt, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { processes } from './tables.ts';

/** A process of the installation, with when it was last seen. */
export type ProcessRow = typeof processes.$inferSelect;

/** The processes of the installation. */
export interface ProcessStore {
  /** Records that a process is alive, and deletes processes that were not seen for some seconds. */
  note(row: Omit<ProcessRow, 'seen'>, forgottenAfter: number): Promise<void>;
  /** Lists the processes that were seen within some seconds, by kind, host and process id. */
  list(seconds: number): Promise<ProcessRow[]>;
  /** Deletes a process that ends. */
  end(id: string): Promise<void>;
}

/** Creates the store over an open database. It uses the time of the database, so that the clocks of machines do not matter. */
export function createProcessStore(db: Database): ProcessStore {
  const ago = (seconds: number) => sql`clock_timestamp() - make_interval(secs => ${seconds})`;

  return named<ProcessStore>('processes', {
    async note(row, forgottenAfter) {
      const seen = sql`clock_timestamp()`;
      await db
        .insert(processes)
        .values({ ...row, seen })
        .onConflictDoUpdate({ target: processes.id, set: { seen } });
      await db.delete(processes).where(lt(processes.seen, ago(forgottenAfter)));
    },

    list(seconds) {
      const { kind, host, pid, seen } = processes;
      return db
        .select()
        .from(processes)
        .where(gte(seen, ago(seconds)))
        .orderBy(asc(kind), asc(host), asc(pid));
    },

    async end(id) {
      await db.delete(processes).where(eq(processes.id, id));
    },
  });
}
