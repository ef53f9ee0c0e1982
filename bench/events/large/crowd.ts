import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { openPostgres } from '../../../store/database.ts';
import { createPlanningStore, type PlanningStore } from '../../../store/events/planning.ts';
import { sampleContent } from '../../../test/language/rules/sample-rules.ts';
import { startPostgres } from '../../../test/store/postgres-server.ts';
import { queryRows } from '../../lists/rows.ts';
import { acceptEvents, BENCH_TYPE, createPlanningAlone, createRulesFor } from '../planner-alone.ts';

// cspell:ignore schedstat

/** Many rules of a tenant for one type, and how long the planner takes for its events, and for those of another tenant meanwhile. */
export interface Crowd {
  rules: number;
  /** Whether each of them matches, or none. */
  matches: boolean;
  /** Milliseconds of planning for each event. */
  planning: number;
  /** MiB that the process had more at most, and milliseconds of CPU for which its event loop was held at most. */
  memory: number;
  hold: number;
  /** Milliseconds from the answer to an event of the other tenant until it was planned. */
  others: number[];
}

/** Milliseconds between two looks at the process, two events of the other tenant, and two looks at what is to be planned. */
const LOOK = 5;
const EVERY = 20;
const POLL = 100;

/** Plans events to which thousands of rules are applied, over Postgres, in a process that does nothing else. */
export async function measureCrowds(rules: number, events: number): Promise<Crowd[]> {
  const crowds: Crowd[] = [];
  for (const matches of [true, false]) crowds.push(await measureCrowd(rules, events, matches));
  return crowds;
}

async function measureCrowd(rules: number, events: number, matches: boolean): Promise<Crowd> {
  const postgres = await startPostgres();
  const database = await openPostgres(postgres.url);
  const { db } = database;
  const [crowded, other] = [randomUUID(), randomUUID()];
  const content = (when: string) => sampleContent({ type: BENCH_TYPE, when, workflow: null, action_ref: 'core.noop' });
  const every = "event.payload.n >= 0 and event.payload.customer.name == 'Ada'";
  await createRulesFor(db, crowded, rules, content(matches ? every : "event.payload.customer.name == 'Eve'"));
  await createRulesFor(db, other, 1, content(every));

  let noteOther = (): void => undefined;
  const planning = createPlanningStore(db);
  const watched: PlanningStore = {
    tenants: planning.tenants,
    async plan(tenant, limit, decide) {
      const planned = await planning.plan(tenant, limit, decide);
      if (tenant === other && planned !== null && planned > 0) noteOther();
      return planned;
    },
  };
  const { intake, planner } = createPlanningAlone(db, watched);
  const stop = new AbortController();
  const running = planner.run(stop.signal);
  // The rules are compiled once, which does not count.
  await acceptEvents(intake, crowded, 1);
  const isPlanned = async () => {
    const [found] = await queryRows(
      db,
      sql`select exists (select 1 from events where tenant = ${crowded} and state = 'received')::text as waits`,
    );
    return found!.waits === 'false';
  };
  const untilPlanned = async () => {
    while (!(await isPlanned())) await wait(POLL);
  };
  await untilPlanned();

  const watch = watchProcess();
  const begun = performance.now();
  await acceptEvents(intake, crowded, events);
  const others: number[] = [];
  const over = untilPlanned().then(() => performance.now() - begun);
  let isOver = false;
  void over.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const noted = new Promise<void>((resolve) => {
      noteOther = resolve;
    });
    await acceptEvents(intake, other, 1);
    const answered = performance.now();
    await noted;
    others.push(performance.now() - answered);
    await wait(EVERY);
  }
  const milliseconds = await over;
  const { memory, hold } = watch();
  stop.abort();
  await running;
  await database.close();
  await postgres.stop();
  return { rules, matches, planning: milliseconds / events, memory, hold, others };
}

/** Watches the memory and the event loop of this process, until the function that it returns is called. */
function watchProcess(): () => Pick<Crowd, 'memory' | 'hold'> {
  const cpu = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  const before = process.memoryUsage.rss();
  let [last, hold, most] = [cpu(), 0, before];
  const looking = setInterval(() => {
    const now = cpu();
    hold = Math.max(hold, now - last);
    last = now;
    most = Math.max(most, process.memoryUsage.rss());
  }, LOOK);
  return () => {
    clearInterval(looking);
    return { memory: (most - before) / 2 ** 20, hold };
  };
}
