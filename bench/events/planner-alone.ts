import { pino } from 'pino';
import type { RuleContent } from '../../model/rules/rule.ts';
import { createBell } from '../../service/background/bell.ts';
import type { RoundLoop } from '../../service/background/loops.ts';
import { createIntake, type Intake } from '../../service/events/intake.ts';
import { createPlanner } from '../../service/events/planner.ts';
import { createCompiledRules } from '../../service/rules/compiled-rules.ts';
import type { Database } from '../../store/database.ts';
import { packs } from '../../store/definitions/tables.ts';
import { createEventStore } from '../../store/events/events.ts';
import type { PlanningStore } from '../../store/events/planning.ts';
import { createRuleStore } from '../../store/rules/rules.ts';
import { NO_RUSHES } from '../../test/service/events/no-rushes.ts';

// The intake and the planner over a database, in a process that does nothing else.

/** The type of the events. */
export const BENCH_TYPE = 'bench.planned';

/** Creates both: the planner is woken by what is taken in. */
export function createPlanningAlone(db: Database, store: PlanningStore): { intake: Intake; planner: RoundLoop } {
  const bell = createBell();
  const intake = createIntake({
    store: createEventStore(db),
    triggers: { find: async () => null, ofTypes: async () => [] },
    backlog: { demandRoom: () => undefined },
    rushes: NO_RUSHES,
    onRecorded: bell.ring,
  });
  const planner = createPlanner({
    store,
    rules: createCompiledRules(),
    rushes: NO_RUSHES,
    bell,
    onPlanned: () => undefined,
    clock: Date.now,
    log: pino({ level: 'silent' }),
  });
  return { intake, planner };
}

/** Creates a pack of a tenant with a number of enabled rules that are alike. */
export async function createRulesFor(db: Database, tenant: string, count: number, content: RuleContent): Promise<void> {
  const [pack] = await db.insert(packs).values({ tenant, ref: 'bench', label: 'Bench' }).returning();
  const rules = createRuleStore(db);
  for (let n = 0; n < count; n += 1) {
    const fields = { label: `Rule ${n}`, description: null, tags: [], enabled: true };
    const by = { owner: 1, ownerSubject: 'bench' };
    const revision = { hash: String(n), content };
    await rules.create(tenant, {
      pack: pack!.id,
      ref: `bench.r${n}`,
      fields,
      content: revision,
      writers: ['bench'],
      by,
    });
  }
}

/** Takes in a number of events of a tenant at once. */
export function acceptEvents(intake: Intake, tenant: string, count: number): Promise<unknown> {
  return intake.accept(
    { tenant, ingress: 'api', source: '/bench', principal: 'bench' },
    Array.from({ length: count }, (_, n) => ({ ...EVENT, payload: payloadOf(n) })),
  );
}

const EVENT = {
  event_id: null,
  type: BENCH_TYPE,
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
