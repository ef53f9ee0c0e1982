import { randomUUID } from 'node:crypto';
import { and, eq, sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import type { RunTurn } from '../../model/run-input.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { turns } from '../../store/executions/tables.ts';
import { createTurnStore, type TurnClaim } from '../../store/executions/turns.ts';
import { until } from '../integration/support/until.ts';
import { CLAIMED, makeEntry } from '../service/index/run-entry.ts';
import { useBothEngines } from './both-engines.ts';

const engines = useBothEngines();

let last = 6_000_000;

/** A run that is about to start, and whose claim a repetition of its request may note. */
function aboutToStart(policy: RunTurn['policy']) {
  const tenant = randomUUID();
  const turn: RunTurn = { key: 'one', limit: 1, policy };
  last += 1;
  const entry = makeEntry(last, { tenant, turn, ...CLAIMED });
  const { namespace, workflowId, ref } = entry;
  return { entry, wanted: { namespace, workflowId, tenant, ref: ref!, turn } satisfies TurnClaim };
}

describe.each(['Postgres', 'PGlite'])('%s', (engine) => {
  const stores = () => {
    const { db } = engines.opened[engine]!;
    return { db, runs: createExecutionStore(db), slots: createTurnStore(db) };
  };
  const find = async ({ namespace, workflowId }: TurnClaim) => {
    const of = and(eq(turns.namespace, namespace), eq(turns.workflowId, workflowId));
    return stores().db.select().from(turns).where(of);
  };

  it.each(['queue', 'skip', 'fail', 'cancel_previous'] as const)(
    'a run that nobody has noted begins (%s)',
    async (policy) => {
      const { wanted } = aboutToStart(policy);
      expect(await stores().slots.claim(wanted)).toBe('begin');
      expect(await find(wanted)).toMatchObject([{ granted: expect.any(Date), told: true }]);
    },
  );

  it.each(['queue', 'skip', 'fail', 'cancel_previous'] as const)(
    'a run that a repetition of its request has noted waits until it is told its verdict (%s)',
    async (policy) => {
      const { entry, wanted } = aboutToStart(policy);
      const { runs, slots } = stores();
      await runs.write([entry]);
      expect(await slots.claim(wanted)).toBe('wait');
      expect(await find(wanted)).toMatchObject([{ granted: null, told: false }]);
      const told = await slots.settle(wanted.namespace, new Date(0), (rows) => ({
        granted: rows.map(({ workflowId }) => workflowId),
        refused: [],
        cancelled: [],
      }));
      expect(told.map(({ workflowId }) => workflowId)).toContain(wanted.workflowId);
    },
  );

  it('a delayed run that a repetition has noted holds no slot before it is due, unless it has one', async () => {
    const due = new Date(Date.now() + 3_600_000);
    const [early, late] = [aboutToStart('queue'), aboutToStart('queue')];
    const { runs, slots, db } = stores();
    await runs.write([early.entry, late.entry]);
    await db.update(turns).set({ granted: new Date() }).where(eq(turns.workflowId, late.wanted.workflowId));
    expect([await slots.claim(early.wanted, due), await slots.claim(late.wanted, due)]).toEqual(['wait', 'wait']);
    expect(await find(early.wanted)).toMatchObject([{ created: due, granted: null }]);
    const [found] = await find(late.wanted);
    expect(found!.created.getTime()).toBeLessThan(due.getTime());
  });
});

describe('while another transaction has the slots of a namespace', () => {
  /** Claims a slot in a transaction that began before `first` had run. */
  async function claimBehind(wanted: TurnClaim, first: () => Promise<unknown>) {
    const { db } = engines.opened.Postgres!;
    let claimed: Promise<string> = Promise.resolve('');
    await db.transaction(async (transaction) => {
      await transaction.execute(
        sql`select pg_advisory_xact_lock(hashtextextended(${`fermata turns ${wanted.namespace}`}, 0))`,
      );
      claimed = createTurnStore(db).claim(wanted);
      await until(
        () =>
          db.execute(sql`
          select 1 from pg_locks join pg_stat_activity using (pid)
          where datname = current_database() and locktype = 'advisory' and not granted`),
        (found) => (found as unknown as { rows: unknown[] }).rows.length > 0,
      );
      await first();
    });
    return claimed;
  }

  it.each([
    ['queue', 'wait'],
    ['skip', 'skip'],
    ['fail', 'fail'],
    ['cancel_previous', 'wait'],
  ] as const)(
    'a run that is about to start (%s) does not begin with one that has begun since',
    async (policy, answer) => {
      const { wanted } = aboutToStart(policy);
      const { db } = engines.opened.Postgres!;
      const { turn, ...run } = wanted;
      const begin = () =>
        db.insert(turns).values({ ...run, ...turn, workflowId: `${run.workflowId} first`, granted: new Date() });
      expect(await claimBehind(wanted, begin)).toBe(answer);
    },
  );

  it.each(['skip', 'fail'] as const)(
    'a run that is noted since is neither skipped nor refused (%s)',
    async (policy) => {
      const { entry, wanted } = aboutToStart(policy);
      const { db } = engines.opened.Postgres!;
      const { turn, ...run } = wanted;
      await db.insert(turns).values({ ...run, ...turn, workflowId: `${run.workflowId} first`, granted: new Date() });
      expect(await claimBehind(wanted, () => createExecutionStore(db).write([entry]))).toBe('wait');
    },
  );
});
