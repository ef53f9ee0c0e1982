import { sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Database } from '../../../store/database.ts';

/** Who is held up by a hold: those who write to the table, or everybody who wants anything of it. */
const MODES = { writers: sql`share`, all: sql`access exclusive` };

/** Holds a table until what it returns is called: whoever is held up waits that long. */
export async function holdTable(db: Database, table: PgTable, who: keyof typeof MODES): Promise<() => Promise<void>> {
  let release = () => {};
  const over = new Promise<void>((resolve) => {
    release = resolve;
  });
  let holding: Promise<void> = over;
  await new Promise<void>((held, failed) => {
    holding = db.transaction(async (transaction) => {
      await transaction.execute(sql`lock table ${table} in ${MODES[who]} mode`);
      held();
      await over;
    });
    holding.catch(failed);
  });
  return () => {
    release();
    return holding;
  };
}
