import { setImmediate as soon, setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { Principal } from '../../../model/principal.ts';
import type { ExecutionService } from '../../../service/executions/executions.ts';
import { createScheduleChanges } from '../../../service/schedules/changes.ts';
import { createScheduleService, type ScheduleService } from '../../../service/schedules/schedules.ts';
import type { Repeats } from '../../../service/starts/idempotency.ts';
import type { ScheduleLeaseStore } from '../../../store/definitions/schedule-leases.ts';
import type { DescribedSchedule, TemporalSchedules } from '../../../temporal/schedules.ts';
import { ann } from '../people.ts';
import { leases } from './leases.ts';

const request = { workflow: 'core.noop', input: {}, spec: { every: 3600 }, overlap: 'skip' as const };

/** A schedule of Temporal: of two signals of one kind that reach it before it works them off, it forgets the first. */
function createForgetful() {
  const kept = { id: 'a', principal: ann, starters: ['ann'], calendars: true, request };
  const described = {
    scheduleId: 'default.a',
    state: { paused: false },
    info: { nextActionTimes: [], recentActions: [], createdAt: new Date(0) },
    action: { workflowId: 'sch_a', memo: { schedule: kept }, args: [{}, { revision: 1 }] },
  } as unknown as DescribedSchedule;
  const pending = new Map<'patch' | 'update', string>();
  let isDeleted = false;
  const taken: string[] = [];
  const work = () => {
    taken.push(...pending.values());
    pending.clear();
  };
  const signal = (kind: 'patch' | 'update', what: string) => async () => {
    await soon();
    pending.set(kind, what);
    await soon();
  };
  const temporal = {
    async *ids() {
      yield described.scheduleId;
    },
    describe: async () => {
      await soon();
      work();
      return isDeleted ? null : described;
    },
    hasRun: async () => false,
    remove: async () => {
      await soon();
      isDeleted = true;
      pending.clear();
      taken.push('delete');
    },
    update: signal('update', 'update'),
    pauseUnlessChanged: signal('update', 'update'),
    pause: signal('patch', 'pause'),
    resume: signal('patch', 'resume'),
    trigger: signal('patch', 'trigger'),
    backfill: signal('patch', 'backfill'),
  } as unknown as TemporalSchedules;
  return { temporal, taken, work };
}

/** Returns what creates the service in another process each time. */
function createProcesses(
  shown: TemporalSchedules,
  shared = leases(),
): (temporal?: TemporalSchedules) => ScheduleService {
  let seconds = 0;
  const repeats: Pick<Repeats, 'once' | 'claim'> = {
    once: async (_, prepare, act) => {
      const n = await prepare();
      await act(n);
      return n;
    },
    claim: async (_tenant, _key, _asked, n) => n,
  };
  const blueprint = { run: { revision: 2 } };
  return (temporal = shown) =>
    createScheduleService({
      temporal,
      executions: {
        prepare: async () => blueprint,
        demandStarter: async () => undefined,
      } as unknown as ExecutionService,
      principals: { asItStands: async (principal: Principal) => principal },
      repeats,
      leases: shared,
      log: pino({ level: 'silent' }),
      clock: () => (seconds += 1),
    });
}

const VERBS: Record<string, (service: ScheduleService) => Promise<unknown>> = {
  trigger: (service) => service.trigger(ann, 'a', {}),
  backfill: (service) => service.backfill(ann, 'a', { start: new Date(0), end: new Date(3_600_000), overlap: 'skip' }),
  pause: (service) => service.pause(ann, 'a', undefined),
  resume: (service) => service.resume(ann, 'a', undefined),
  update: (service) => service.replace(ann, 'a', { ...request, catchupWindow: undefined, note: undefined }),
  refresh: (service) => service.refresh(),
};

const PAIRS = [
  ['trigger', 'trigger'],
  ['trigger', 'backfill'],
  ['trigger', 'pause'],
  ['backfill', 'resume'],
  ['pause', 'resume'],
  ['update', 'update'],
  ['update', 'refresh'],
] as const;

it.each(PAIRS.flatMap((pair) => (['one process', 'two processes'] as const).map((where) => [...pair, where] as const)))(
  'a %s and a %s of one schedule at once, in %s, both take effect',
  async (one, other, where) => {
    const { temporal, taken, work } = createForgetful();
    const create = createProcesses(temporal);
    const here = create();
    const there = where === 'one process' ? here : create();
    await Promise.all([VERBS[one]!(here), VERBS[other]!(there)]);
    work();
    expect([...taken].sort()).toEqual([one, other].map((verb) => (verb === 'refresh' ? 'update' : verb)).sort());
  },
);

it.each(['trigger', 'backfill', 'pause', 'resume', 'update'] as const)(
  'a %s takes effect and is answered before another process deletes the schedule',
  async (verb) => {
    const { temporal, taken } = createForgetful();
    const create = createProcesses(temporal);
    const there = create();
    let deletion: Promise<unknown> | undefined;
    const send = temporal[verb] as (...args: unknown[]) => Promise<void>;
    const here = create({
      ...temporal,
      describe: async (scheduleId) => {
        // Longer than the pauses between two attempts of the deletion to have its turn.
        if (deletion !== undefined) await Promise.race([deletion, wait(100)]);
        return temporal.describe(scheduleId);
      },
      [verb]: async (...args: unknown[]) => {
        deletion = there.remove(ann, 'a');
        await Promise.race([deletion, wait(100)]);
        await send(...args);
      },
    });
    await VERBS[verb]!(here);
    await deletion;
    expect(taken).toEqual([verb, 'delete']);
    await expect(here.get(ann, 'a')).rejects.toMatchObject({ code: 'schedule_not_found' });
  },
);

it.each(['trigger', 'backfill'])(
  'a %s of a schedule that is deleted and created anew meanwhile is refused',
  async (verb) => {
    const { temporal, taken } = createForgetful();
    const held = leases();
    let isAnew = false;
    const renewed = {
      ...temporal,
      describe: async (scheduleId: string) => {
        const found = (await temporal.describe(scheduleId))!;
        return isAnew ? { ...found, action: { ...found.action, workflowId: 'sch_b' } } : found;
      },
    } as unknown as TemporalSchedules;
    const service = createProcesses(renewed, {
      ...held,
      // Others have their turn before this request.
      take(...lease) {
        isAnew = true;
        return held.take(...lease);
      },
    })();
    await expect(VERBS[verb]!(service)).rejects.toMatchObject({ code: 'schedule_not_found' });
    expect(taken).toEqual([]);
  },
);

it.each(['trigger', 'backfill', 'resume'])(
  'whoever asks for a %s is a starter, although somebody replaces the schedule before',
  async (verb) => {
    const { temporal, taken } = createForgetful();
    const held = leases();
    let starters = ['bob', 'ann'];
    const replaced = {
      ...temporal,
      describe: async (scheduleId: string) => {
        const found = (await temporal.describe(scheduleId))!;
        const schedule = { ...(found.action.memo!.schedule as object), starters };
        return { ...found, action: { ...found.action, memo: { schedule } } };
      },
      update: async (wanted: { kept: { starters: string[] } }) => {
        starters = wanted.kept.starters;
        taken.push('update');
      },
    } as unknown as TemporalSchedules;
    const service = createProcesses(replaced, {
      ...held,
      // Bob replaces the schedule, and so becomes its only starter, before it is ann's turn.
      take(...lease) {
        starters = ['bob'];
        return held.take(...lease);
      },
    })();
    await VERBS[verb]!(service);
    expect([starters, taken]).toEqual([
      ['bob', 'ann'],
      ['update', verb],
    ]);
  },
);

const describe = async () => null;

it('a change that fails does not keep the next one from its turn', async () => {
  const changes = createScheduleChanges({ temporal: { describe }, leases: leases(), clock: () => 0 });
  const failed = changes.alone('default.a', async () => {
    throw new Error('no');
  });
  const next = changes.alone('default.a', async () => 'done');
  await expect(failed).rejects.toThrow('no');
  await expect(next).resolves.toBe('done');
});

it('a change waits until the lease of a process that died is over', async () => {
  let now = 0;
  const clock = () => now;
  const shared = leases(clock);
  await shared.take('default.a', 'dead', 5);
  const slow: ScheduleLeaseStore = {
    ...shared,
    take(...asked) {
      now += 1_000;
      return shared.take(...asked);
    },
  };
  const changes = createScheduleChanges({ temporal: { describe }, leases: slow, clock });
  await expect(changes.alone('default.a', async () => now)).resolves.toBe(5_000);
});

it('a change that gets no turn within ten seconds is refused, and changes nothing', async () => {
  let now = 0;
  const taken: ScheduleLeaseStore = {
    async take() {
      now += 4_000;
      return false;
    },
    async end() {},
  };
  const changes = createScheduleChanges({ temporal: { describe }, leases: taken, clock: () => now });
  const attempt = changes.alone('default.a', async () => expect.unreachable());
  await expect(attempt).rejects.toMatchObject({ code: 'busy' });
});

it.each([
  ['cannot be ended', 2, 'done'],
  ['is ended at the second attempt', 1, 'done'],
])('a change that was made stays made when its lease %s', async (_, failures, result) => {
  const held = leases();
  let ends = 0;
  const lost: ScheduleLeaseStore = {
    ...held,
    async end(...lease) {
      ends += 1;
      if (ends <= failures) throw new Error('the database is away');
      await held.end(...lease);
    },
  };
  const changes = createScheduleChanges({ temporal: { describe }, leases: lost, clock: () => 0 });
  await expect(changes.alone('default.a', async () => result)).resolves.toBe(result);
  expect(await held.take('default.a', 'another', 1)).toBe(failures === 1);
});

it('a lease whose answer was lost is ended', async () => {
  const held = leases();
  const lost: ScheduleLeaseStore = {
    ...held,
    async take(...lease) {
      await held.take(...lease);
      throw new Error('the connection is gone');
    },
  };
  const changes = createScheduleChanges({ temporal: { describe }, leases: lost, clock: () => 0 });
  await expect(changes.alone('default.a', async () => expect.unreachable())).rejects.toThrow('gone');
  expect(await held.take('default.a', 'another', 1)).toBe(true);
});

it('changes of one process ask for the lease one after another, in their order', async () => {
  const shared = leases();
  let asked = 0;
  const counting: ScheduleLeaseStore = {
    ...shared,
    take(...lease) {
      asked += 1;
      return shared.take(...lease);
    },
  };
  const changes = createScheduleChanges({ temporal: { describe }, leases: counting, clock: () => 0 });
  const order = Array.from({ length: 20 }, (_, n) => n);
  const done: number[] = [];
  await Promise.all(
    order.map((n) =>
      changes.alone('default.a', async () => {
        await soon();
        done.push(n);
      }),
    ),
  );
  expect([done, asked]).toEqual([order, order.length]);
});

it('a schedule that others change all the time keeps no other from its refresh', async () => {
  let now = 0;
  const { temporal } = createForgetful();
  const updated: string[] = [];
  const two = {
    ...temporal,
    async *ids() {
      yield* ['default.a', 'default.b'];
    },
    describe: async (scheduleId: string) => ({ ...(await temporal.describe(scheduleId)), scheduleId }),
    update: async (_wanted: object, _stateOf: unknown, seen: DescribedSchedule) => updated.push(seen.scheduleId),
  } as unknown as TemporalSchedules;
  const crowded: ScheduleLeaseStore = {
    async take(scheduleId) {
      now += 4_000;
      return scheduleId !== 'default.a';
    },
    async end() {},
  };
  const service = createScheduleService({
    temporal: two,
    executions: { prepare: async () => ({ run: { revision: 2 } }) } as unknown as ExecutionService,
    principals: { asItStands: async (principal: Principal) => principal },
    repeats: {} as Repeats,
    leases: crowded,
    log: pino({ level: 'silent' }),
    clock: () => now,
  });
  await service.refresh();
  expect(updated).toEqual(['default.b']);
});
