import { randomUUID } from 'node:crypto';
import { openPostgres } from '../../store/database.ts';
import { createPlanningStore } from '../../store/events/planning.ts';
import { sampleContent } from '../../test/language/rules/sample-rules.ts';
import { startPostgres } from '../../test/store/postgres-server.ts';
import { acceptEvents, BENCH_TYPE, createPlanningAlone, createRulesFor } from './planner-alone.ts';

/** Rules that match each event. */
const MATCHING = 10;

/** Events of one request. */
const BATCH = 500;

/** A rule that reads the payload. */
const CONTENT = sampleContent({
  type: BENCH_TYPE,
  when: "event.payload.n >= 0 and event.payload.customer.name == 'Ada'",
  workflow: null,
  action_ref: 'core.noop',
});

/**
 * Measures the planner over Postgres, in a process that does nothing else: the milliseconds for each event and rule that matches it, after a
 * round that does not count.
 */
export async function measurePlanning(events: number): Promise<number> {
  const postgres = await startPostgres();
  const database = await openPostgres(postgres.url);
  const { db } = database;
  const tenant = randomUUID();
  await createRulesFor(db, tenant, MATCHING, CONTENT);
  const { intake, planner } = createPlanningAlone(db, createPlanningStore(db));

  let milliseconds = 0;
  for (const counts of [false, true]) {
    for (let n = 0; n < events; n += BATCH) {
      await acceptEvents(intake, tenant, Math.min(BATCH, events - n));
    }
    const begun = performance.now();
    await planner.tick();
    if (counts) milliseconds = performance.now() - begun;
  }
  await database.close();
  await postgres.stop();
  return milliseconds / (events * MATCHING);
}
