import { pino } from 'pino';
import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { startOfSchedule } from '../../../model/execution-id.ts';
import type { Principal } from '../../../model/principal.ts';
import type { ScheduleTimes } from '../../../model/schedule.ts';
import type { ExecutionService } from '../../../service/executions/executions.ts';
import { createScheduleService } from '../../../service/schedules/schedules.ts';
import { createRepeats, deriveRequestId } from '../../../service/starts/idempotency.ts';
import type { KeptRequest } from '../../../store/executions/idempotency-keys.ts';
import type { DescribedSchedule, TemporalSchedules } from '../../../temporal/schedules.ts';
import { ann } from '../people.ts';
import { leases } from './leases.ts';

/** Knows requests again by keys in memory. */
function repeats() {
  const rows = new Map<string, KeptRequest>();
  return createRepeats({
    find: async (_, key) => rows.get(key) ?? null,
    add: async (_, { key, ...kept }) => {
      if (!rows.has(key)) rows.set(key, kept);
    },
  });
}

it.each<[string, string, string | undefined, boolean, number]>([
  ['short, of one that runs', 'is disabled', undefined, false, 1],
  ['short, of one that is paused for another', 'is disabled', 'its workflow cannot be started: is gone', true, 1],
  ['short, of one that somebody has paused', 'is disabled', 'enough', true, 0],
  ['longer than a note', 'x'.repeat(5_000), undefined, false, 1],
])('a schedule is paused once for what is wrong: %s', async (_, message, note, paused, pauses) => {
  const notes: string[] = [];
  const state = { paused, note };
  const kept = { id: 'a', principal: ann, request: { workflow: 'core.noop', input: {}, spec: {}, overlap: 'skip' } };
  const described = { scheduleId: 'default.a', state, action: { memo: { schedule: kept } } };
  const temporal = {
    async *ids() {
      yield 'default.a';
    },
    describe: async () => described as unknown as DescribedSchedule,
    pauseUnlessChanged: async (_seen: DescribedSchedule, given: string) => {
      notes.push(given);
      Object.assign(state, { paused: true, note: given });
    },
  } as unknown as TemporalSchedules;
  const executions = {
    prepare: async () => {
      throw new AppError('workflow_disabled', message);
    },
  } as unknown as ExecutionService;
  const principals = { asItStands: async (principal: Principal) => principal };
  const service = createScheduleService({
    temporal,
    executions,
    principals,
    repeats: repeats(),
    leases: leases(),
    log: pino({ level: 'silent' }),
    clock: () => 0,
  });
  for (let round = 0; round < 3; round += 1) await service.refresh();
  expect(notes).toHaveLength(pauses);
  expect(notes.every((each) => each.length <= 4_000)).toBe(true);
});

it.each([
  ['deleted', null],
  ['deleted, and created anew under its id', { action: { workflowId: 'another' } }],
])('a schedule that was %s while it was refreshed is left alone', async (_, now) => {
  const kept = { id: 'a', principal: ann, request: { workflow: 'core.noop', input: {}, spec: {}, overlap: 'skip' } };
  const action = { workflowId: 'one', memo: { schedule: kept } };
  const found = [{ scheduleId: 'default.a', state: { paused: false }, action }, now];
  const pauses: unknown[] = [];
  const temporal = {
    async *ids() {
      yield 'default.a';
    },
    describe: async () => found.shift(),
    pauseUnlessChanged: async (seen: unknown) => pauses.push(seen),
  };
  const prepare = async () => {
    throw new AppError('workflow_disabled', 'it is disabled');
  };
  const service = createScheduleService({
    temporal,
    executions: { prepare },
    principals: { asItStands: async (principal: Principal) => principal },
    repeats: repeats(),
    leases: leases(),
    log: pino({ level: 'silent' }),
    clock: () => 0,
  } as never);
  await service.refresh();
  expect([found, pauses]).toEqual([[], []]);
});

const AT = Date.parse('2026-11-29T11:59:58.300Z');
const minutely: ScheduleTimes = { cron: ['* * * * *'], jitter: 5 };
const inKolkata = (hour: string): ScheduleTimes => ({ cron: [`30 ${hour} 29 nov sun`], time_zone: 'Asia/Kolkata' });
const seconds = (...texts: string[]) => texts.map((text) => Date.parse(`2026-11-29T${text}Z`));

it.each<[string, number[], number[], number, number[], ScheduleTimes?, ScheduleTimes?]>([
  ['one', [], [], 1, seconds('11:59:58')],
  ['several', [], [], 3, seconds('11:59:58', '11:59:59', '12:00:00')],
  ['one in a second that has a run', seconds('11:59:58'), [], 1, seconds('11:59:59')],
  ['several before a start that is due', [], seconds('12:00:00'), 3, seconds('11:59:58', '11:59:59', '12:00:01')],
  ['one while a start is due', [], seconds('11:59:58'), 1, seconds('11:59:59')],
  ['more than Temporal names times', [], [], 3, seconds('11:59:59', '12:00:01', '12:00:03'), { every: 2 }],
  ['around a start that its jitter delays', [], [], 3, seconds('11:59:58', '11:59:59', '12:00:01'), minutely],
  ['around a start by the clock of a zone', [], [], 3, seconds('11:59:58', '11:59:59', '12:00:01'), inKolkata('17')],
  ['around no start at another hour there', [], [], 3, seconds('11:59:58', '11:59:59', '12:00:00'), inKolkata('12')],
  ['before the first start', [], [], 1, seconds('11:59:58'), { every: 2, start: '2026-11-29T12:00:00Z' }],
  ['after the last start', [], [], 1, seconds('11:59:58'), { every: 2, end: '2026-11-29T11:59:57Z' }],
  ['in place of starts that come every second', [], [], 2, seconds('11:59:58', '11:59:59'), { every: 1 }],
  ['of what replaces it before its turn comes', [], [], 1, seconds('11:59:59'), {}, { every: 2 }],
])(
  'triggers take seconds in which the schedule starts nothing: %s',
  async (_, runs, due, times, taken, spec = {}, later = spec) => {
    const keptWith = (spec: ScheduleTimes) => ({
      id: 'a',
      principal: ann,
      starters: ['ann'],
      calendars: true,
      request: { workflow: 'core.noop', input: {}, spec, overlap: 'skip' },
    });
    const describedWith = (spec: ScheduleTimes) => ({
      scheduleId: 'default.a',
      state: { paused: false },
      info: { nextActionTimes: due.map((time) => new Date(time)), recentActions: [], createdAt: new Date(0) },
      action: { workflowId: 'sch_a', memo: { schedule: keptWith(spec) } },
    });
    const triggered: number[] = [];
    const described = [describedWith(spec)];
    const temporal = {
      describe: async () => described.pop() ?? describedWith(later),
      hasRun: async (workflowId: string) => runs.some((time) => startOfSchedule('sch_a', time) === workflowId),
      trigger: async (_id: string, _overlap: unknown, time: number) => {
        triggered.push(time);
      },
    } as unknown as TemporalSchedules;
    const executions = {
      prepare: async () => ({}),
      demandStarter: async () => undefined,
    } as unknown as ExecutionService;
    const principals = { asItStands: async (principal: Principal) => principal };
    const service = createScheduleService({
      temporal,
      executions,
      principals,
      repeats: repeats(),
      leases: leases(),
      log: pino({ level: 'silent' }),
      clock: () => AT,
    });
    for (let time = 0; time < times; time += 1) await service.trigger(ann, 'a', {});
    expect(triggered).toEqual(taken);
  },
);

type Request = [
  verb: 'trigger' | 'backfill',
  key: string | undefined,
  more?: { lost?: boolean; elsewhere?: boolean; anew?: boolean; overlap?: 'skip'; end?: Date },
];

it.each<[string, Request[], string[]]>([
  [
    'without a key, each time',
    [
      ['trigger', undefined],
      ['trigger', undefined],
    ],
    ['58 -', '59 -'],
  ],
  [
    'with one key, once',
    [
      ['trigger', 'k'],
      ['trigger', 'k'],
    ],
    ['58 k'],
  ],
  [
    'with two keys, twice',
    [
      ['trigger', 'k'],
      ['trigger', 'l'],
    ],
    ['58 k', '59 l'],
  ],
  [
    'with one key and another policy, not again',
    [
      ['trigger', 'k'],
      ['trigger', 'k', { overlap: 'skip' }],
    ],
    ['58 k', 'idempotency_mismatch'],
  ],
  [
    'with one key, after nobody answered: for the same second, by the same request',
    [
      ['trigger', 'k', { lost: true }],
      ['trigger', 'k'],
    ],
    ['58 k', 'Error: lost', '58 k'],
  ],
  [
    'with one key, after nobody answered and others have triggered it: for its own second, which nobody else has taken',
    [
      ['trigger', 'k', { lost: true }],
      ['trigger', undefined, { elsewhere: true }],
      ['trigger', 'k', { elsewhere: true }],
      ['trigger', 'l', { elsewhere: true }],
    ],
    ['58 k', 'Error: lost', '59 -', '58 k', '2 l'],
  ],
  [
    'in two processes at once, each time',
    [
      ['trigger', undefined],
      ['trigger', undefined, { elsewhere: true }],
    ],
    ['58 -', '59 -'],
  ],
  [
    'with one key for a backfill, once',
    [
      ['backfill', 'k'],
      ['backfill', 'k'],
    ],
    ['backfill k'],
  ],
  [
    'with the key of a trigger for a backfill, not',
    [
      ['trigger', 'k'],
      ['backfill', 'k'],
    ],
    ['58 k', 'idempotency_mismatch'],
  ],
  [
    'with one key, not again by a schedule that was created anew under its id',
    [
      ['trigger', 'k'],
      ['trigger', 'k', { anew: true }],
      ['backfill', 'l', { anew: true }],
      ['backfill', 'l'],
    ],
    ['58 k', 'idempotency_mismatch', 'backfill l', 'idempotency_mismatch'],
  ],
  [
    'with one key for the backfill of another time, not again',
    [
      ['backfill', 'k'],
      ['backfill', 'k', { end: new Date('2026-11-29T11:30:00Z') }],
    ],
    ['backfill k', 'idempotency_mismatch'],
  ],
])('a schedule starts what it is asked for %s', async (_, requests, expected) => {
  const kept = {
    id: 'a',
    principal: ann,
    starters: ['ann'],
    calendars: true,
    request: { workflow: 'core.noop', input: {}, spec: { every: 3600 }, overlap: 'skip' },
  };
  const described = {
    scheduleId: 'default.a',
    state: { paused: false },
    info: { nextActionTimes: [], recentActions: [], createdAt: new Date(0) },
    action: { workflowId: 'sch_a', memo: { schedule: kept } },
  };
  const ids = new Map(['k', 'l'].map((key) => [deriveRequestId(ann.tenant, key), key]));
  const done: string[] = [];
  let isLost = false;
  const take = (what: string, requestId: string) => {
    done.push(`${what} ${ids.get(requestId) ?? '-'}`);
    if (isLost) throw new Error('lost');
  };
  const temporal = {
    describe: async () => described,
    hasRun: async () => false,
    trigger: async (_id: string, _overlap: unknown, time: number, requestId: string) =>
      take(String(new Date(time).getUTCSeconds()), requestId),
    backfill: async (_id: string, _range: object, requestId: string) => take('backfill', requestId),
  } as unknown as TemporalSchedules;
  const executions = { prepare: async () => ({}), demandStarter: async () => undefined } as unknown as ExecutionService;
  const principals = { asItStands: async (principal: Principal) => principal };
  const [shared, held] = [repeats(), leases()];
  const [here, there] = [0, 1].map(() =>
    createScheduleService({
      temporal,
      executions,
      principals,
      repeats: shared,
      leases: held,
      log: pino({ level: 'silent' }),
      clock: () => AT,
    }),
  );
  const range = {
    start: new Date('2026-11-29T10:00:00Z'),
    end: new Date('2026-11-29T11:00:00Z'),
    overlap: 'skip' as const,
  };
  for (const [verb, idempotencyKey, { lost = false, elsewhere = false, anew = false, ...more } = {}] of requests) {
    isLost = lost;
    described.action.workflowId = anew ? 'sch_b' : 'sch_a';
    const service = elsewhere ? there! : here!;
    const command = { idempotencyKey, ...more };
    await (verb === 'trigger'
      ? service.trigger(ann, 'a', command)
      : service.backfill(ann, 'a', { ...range, ...command })
    ).catch((error: unknown) => done.push(error instanceof AppError ? error.code : String(error)));
  }
  expect(done).toEqual(expected);
});
