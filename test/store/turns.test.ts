import { randomUUID } from 'node:crypto';
import { and, eq } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import type { RunTurn } from '../../model/run-input.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { turns } from '../../store/executions/tables.ts';
import { createTurnStore, type TurnClaim } from '../../store/executions/turns.ts';
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
