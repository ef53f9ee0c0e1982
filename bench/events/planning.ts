import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { createBell } from '../../service/background/bell.ts';
import { createIntake } from '../../service/events/intake.ts';
import { createPlanner } from '../../service/events/planner.ts';
import { createCompiledRules } from '../../service/rules/compiled-rules.ts';
import { openPostgres } from '../../store/database.ts';
import { packs } from '../../store/definitions/tables.ts';
import { createEventStore } from '../../store/events/events.ts';
import { createPlanningStore } from '../../store/events/planning.ts';
import { createRuleStore } from '../../store/rules/rules.ts';
import { sampleContent } from '../../test/language/rules/sample-rules.ts';
import { NO_RUSHES } from '../../test/service/events/no-rushes.ts';
import { startPostgres } from '../../test/store/postgres-server.ts';

/** Rules that match each event. */
const MATCHING = 10;

/** Events of one request. */
const BATCH = 500;

/** A rule that reads the payload. */
const CONTENT = sampleContent({
  type: 'bench.planned',
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
  const [pack] = await db.insert(packs).values({ tenant, ref: 'bench', label: 'Bench' }).returning();
  const rules = createRuleStore(db);
  for (let n = 0; n < MATCHING; n += 1) {
    const fields = { label: `Rule ${n}`, description: null, tags: [], enabled: true };
    const by = { owner: 1, ownerSubject: 'bench' };
    const content = { hash: String(n), content: CONTENT };
    await rules.create(tenant, { pack: pack!.id, ref: `bench.r${n}`, fields, content, writers: ['bench'], by });
  }
  const intake = createIntake({
    store: createEventStore(db),
    triggers: { find: async () => null, ofTypes: async () => [] },
    backlog: { demandRoom: () => undefined },
    rushes: NO_RUSHES,
    onRecorded: () => undefined,
  });
  const planner = createPlanner({
    store: createPlanningStore(db),
    rules: createCompiledRules(),
    rushes: NO_RUSHES,
    bell: createBell(),
    onPlanned: () => undefined,
    clock: Date.now,
    log: pino({ level: 'silent' }),
  });

  let milliseconds = 0;
  for (const counts of [false, true]) {
    for (let n = 0; n < events; n += BATCH) {
      await intake.accept(
        { tenant, ingress: 'api', source: '/bench', principal: 'bench' },
        Array.from({ length: Math.min(BATCH, events - n) }, (_, at) => ({ ...EVENT, payload: payloadOf(n + at) })),
      );
    }
    const begun = performance.now();
    await planner.tick();
    if (counts) milliseconds = performance.now() - begun;
  }
  await database.close();
  await postgres.stop();
  return milliseconds / (events * MATCHING);
}

const EVENT = {
  event_id: null,
  type: 'bench.planned',
  source: '/bench',
  subject: null,
  time: null,
  trigger_ref: null,
  headers: {},
  extensions: {},
  content_type: 'application/json',
  verified: true,
  webhook: null,
};

function payloadOf(n: number) {
  return { n, customer: { name: 'Ada', city: 'London' }, items: [1, 2, 3] };
}
