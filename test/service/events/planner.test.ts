import { pino } from 'pino';
import { expect, it } from 'vitest';
import { compileRule } from '../../../language/rules/compiler.ts';
import { AppError } from '../../../model/app-error.ts';
import { DatabaseError } from '../../../model/database-error.ts';
import { createBell } from '../../../service/background/bell.ts';
import { createPlanner, type PlannerDependencies } from '../../../service/events/planner.ts';
import { workFor, workOwner } from '../../../service/starts/work-owner.ts';
import type { EventRow } from '../../../store/events/events.ts';
import type { Plan } from '../../../store/events/planning.ts';
import { sampleContent } from '../../language/rules/sample-rules.ts';
import { NO_RUSHES } from './no-rushes.ts';

type PlannerChanges = { find?: () => [] } & Partial<Pick<PlannerDependencies, 'clock' | 'rushes'>>;

/** A planner over a store, with rules that match nothing, a clock that stands still and no rushes unless others are given. */
function plannerOf(
  store: PlannerDependencies['store'],
  { clock = () => 0, find = () => [], rushes = NO_RUSHES }: PlannerChanges = {},
) {
  return createPlanner({
    store,
    rules: { within: async () => ({ find }) },
    rushes,
    bell: createBell(),
    onPlanned: () => undefined,
    clock,
    log: pino({ level: 'silent' }),
  });
}

const OWN = [
  new Error('a value that no column takes'),
  new AppError('busy', 'all connections of the tenant are in use'),
  new DatabaseError('planning.plan', '57014'),
];
it.each(OWN)(
  'plans the events of others where those of one tenant meet %o, and later tries one of these',
  async (error) => {
    let now = 0;
    let broken = true;
    const left: Record<string, number> = { bad: 3, good: 2 };
    const limits: number[] = [];
    const planner = plannerOf(
      {
        tenants: async () => Object.keys(left).filter((tenant) => left[tenant]! > 0),
        plan: async (tenant, limit) => {
          if (tenant === 'bad') limits.push(limit);
          if (tenant === 'bad' && broken) throw error;
          left[tenant]! -= 1;
          return 1;
        },
      },
      { clock: () => now },
    );
    await planner.tick();
    expect(left).toEqual({ bad: 3, good: 0 });
    broken = false;
    now = 10_000;
    await planner.tick();
    expect(left).toEqual({ bad: 0, good: 0 });
    expect(limits).toEqual([100, 1, 100, 100]);
  },
);

it('ends a round when the database is away, and begins the next one behind the tenant that has met that', async () => {
  const asked: string[] = [];
  let away = true;
  const planner = plannerOf({
    tenants: async (after) => (after === 'a' ? ['b', 'c', 'a'] : ['a', 'b', 'c']),
    plan: async (tenant) => {
      asked.push(tenant);
      if (away) throw new AppError('database_unavailable', 'away');
      return 0;
    },
  });
  await expect(planner.tick()).rejects.toThrow('away');
  away = false;
  await planner.tick();
  expect(asked).toEqual(['a', 'b', 'c', 'a']);
});

it('does not wait for the connections of a tenant', async () => {
  const owners = new Set<string>();
  const planner = plannerOf({
    tenants: async () => ['a', 'b'],
    plan: async () => {
      owners.add(workOwner());
      return 0;
    },
  });
  await workFor('a', () => planner.tick());
  expect([...owners]).toEqual(['planning']);
});

it('plans the first events of a batch, at least one, when all of them would take too long', async () => {
  let now = 0;
  let left = 5;
  const decided: number[] = [];
  const planner = plannerOf(
    {
      tenants: async () => (left > 0 ? ['a'] : []),
      plan: async (_tenant, _limit, decide) => {
        const events = Array.from({ length: left }, (_, id) => ({ id, type: 'a', received: new Date(0) }) as EventRow);
        const starts = { find: async () => ({ now: new Date(0), slots: [] }) };
        const plan = await decide({ events, rules: {} as never, keys: { find: async () => [] }, starts });
        decided.push(plan.decided);
        expect(plan.partial).toBeNull();
        left -= plan.decided;
        return plan.decided;
      },
    },
    {
      clock: () => now,
      find: () => {
        now += decided.length === 0 ? 1_000 : 150;
        return [];
      },
    },
  );
  await planner.tick();
  expect(decided).toEqual([1, 2, 2]);
});

it('applies the rules of an event in several transactions where one would take too long, each rule once', async () => {
  let now = 0;
  const row = { id: 7, type: 'a', received: new Date(0), replayOf: null, replayRules: [10, 20, 30, 50], applied: null };
  let events = [row, { ...row, id: 8 }] as unknown as EventRow[];
  const plans: [number, Plan['partial'], number[]][] = [];
  const applied: string[] = [];
  const rules = [10, 20, 30, 40, 50].map((id) => {
    const compiled = compileRule({ ref: 'p.r', revision: 1 }, sampleContent({ type: 'a' }));
    return { id, ref: 'p.r', revision: 1, owner: 1, ownerSubject: 'ann', compiled };
  });
  const planner = plannerOf(
    {
      tenants: async () => (events.length > 0 ? ['a'] : []),
      plan: async (_tenant, _limit, decide) => {
        const starts = { find: async () => ({ now: new Date(0), slots: [] }) };
        const plan = await decide({ events, rules: {} as never, keys: { find: async () => [] }, starts });
        const { decided, partial, matches } = plan;
        plans.push([decided, partial, matches.map(({ rule }) => rule.id)]);
        applied.push(...matches.map(({ event, rule }) => `${event.id} ${rule.id}`));
        events = events
          .slice(decided)
          .map((event) => (event.id === partial?.event ? { ...event, applied: partial.applied } : event));
        return decided + (partial === null ? 0 : 1);
      },
    },
    // Each look at the clock takes most of what a transaction may.
    { clock: () => (now += 70), find: () => rules as never },
  );
  await planner.tick();
  expect(plans).toEqual([
    [0, { event: 7, applied: 30 }, [10, 20, 30]],
    [1, { event: 8, applied: 20 }, [50, 10, 20]],
    [1, null, [30, 50]],
  ]);
  expect(applied).toHaveLength(new Set(applied).size);
});

it('plans a thousand matches of a tenant at a time, also of one event, and the events of others in between', async () => {
  const compiled = compileRule({ ref: 'p.r', revision: 1 }, sampleContent({ type: 'a' }));
  const rules = Array.from({ length: 1_500 }, (_, id) => ({ id: id + 1, ref: 'p.r', revision: 1, compiled }));
  const row = { type: 'a', received: new Date(0), replayOf: null, replayRules: null, applied: null };
  const left: Record<string, EventRow[]> = {
    many: [
      { ...row, id: 7 },
      { ...row, id: 8 },
    ] as unknown as EventRow[],
    few: [7, 8, 9].map((id) => ({ ...row, id, type: 'b' })) as unknown as EventRow[],
  };
  const plans: [string, number][] = [];
  const planner = plannerOf(
    {
      tenants: async () => Object.keys(left).filter((tenant) => left[tenant]!.length > 0),
      plan: async (tenant, _limit, decide) => {
        const events = left[tenant]!.slice(0, tenant === 'few' ? 1 : 100);
        const starts = { find: async () => ({ now: new Date(0), slots: [] }) };
        const plan = await decide({ events, rules: {} as never, keys: { find: async () => [] }, starts });
        const { decided, partial, matches } = plan;
        plans.push([tenant, matches.length]);
        left[tenant] = left[tenant]!.slice(decided).map((event) =>
          event.id === partial?.event ? { ...event, applied: partial.applied } : event,
        );
        return decided + (partial === null ? 0 : 1);
      },
    },
    { find: ((type: string) => (type === 'a' ? rules : [])) as never },
  );
  await planner.tick();
  expect(plans).toEqual([
    ['many', 1_000],
    ['few', 0],
    ['many', 1_000],
    ['few', 0],
    ['many', 1_000],
    ['few', 0],
  ]);
});

it('plans a part of the events of a tenant that has a rush, and all of others', async () => {
  const left: Record<string, number> = { rush: 300, calm: 300 };
  let allowed = 100;
  const allowance = (tenant: string) => {
    const now = tenant === 'rush' ? allowed : Number.POSITIVE_INFINITY;
    if (tenant === 'rush') allowed = 0;
    return now;
  };
  const planner = plannerOf(
    {
      tenants: async () => Object.keys(left).filter((tenant) => left[tenant]! > 0),
      plan: async (tenant, limit) => {
        const planned = Math.min(limit, left[tenant]!);
        left[tenant]! -= planned;
        return planned;
      },
    },
    { rushes: { allow: () => allowance } },
  );
  await planner.tick();
  expect(left).toEqual({ rush: 200, calm: 0 });
  allowed = Number.POSITIVE_INFINITY;
  await planner.tick();
  allowed = Number.POSITIVE_INFINITY;
  await planner.tick();
  expect(left).toEqual({ rush: 0, calm: 0 });
});
