import { pino } from 'pino';
import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { startOfSchedule } from '../../../model/execution-id.ts';
import type { Principal } from '../../../model/principal.ts';
import type { ExecutionService } from '../../../service/executions/executions.ts';
import { createScheduleService } from '../../../service/schedules/schedules.ts';
import type { DescribedSchedule, TemporalSchedules } from '../../../temporal/schedules.ts';

const maker: Principal = {
  id: 1,
  tenant: 'one',
  tenantRef: 'default',
  subject: 'ann',
  kind: 'person',
  onBehalfOf: null,
  roles: ['operator'],
  permissions: [],
  groups: [],
};

it.each<[string, string, string | undefined, boolean, number]>([
  ['short, of one that runs', 'is disabled', undefined, false, 1],
  ['short, of one that is paused for another', 'is disabled', 'its workflow cannot be started: is gone', true, 1],
  ['short, of one that somebody has paused', 'is disabled', 'enough', true, 0],
  ['longer than a note', 'x'.repeat(5_000), undefined, false, 1],
])('a schedule is paused once for what is wrong: %s', async (_, message, note, paused, pauses) => {
  const notes: string[] = [];
  const state = { paused, note };
  const kept = { id: 'a', principal: maker, request: { workflow: 'core.noop', input: {}, spec: {}, overlap: 'skip' } };
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
    log: pino({ level: 'silent' }),
    clock: () => 0,
  });
  for (let round = 0; round < 3; round += 1) await service.refresh();
  expect(notes).toHaveLength(pauses);
  expect(notes.every((each) => each.length <= 4_000)).toBe(true);
});

const AT = Date.parse('2026-11-29T11:59:58.300Z');
const seconds = (...texts: string[]) => texts.map((text) => Date.parse(`2026-11-29T${text}Z`));

it.each<[string, number[], number[], number, number[]]>([
  ['one', [], [], 1, seconds('11:59:58')],
  ['several', [], [], 3, seconds('11:59:58', '11:59:59', '12:00:00')],
  ['one in a second that has a run', seconds('11:59:58'), [], 1, seconds('11:59:59')],
  ['several before a start that is due', [], seconds('12:00:00'), 3, seconds('11:59:58', '11:59:59', '12:00:01')],
  ['one while a start is due', [], seconds('11:59:58'), 1, seconds('11:59:59')],
])('triggers take seconds in which the schedule starts nothing: %s', async (_, runs, due, times, taken) => {
  const kept = {
    id: 'a',
    principal: maker,
    starters: ['ann'],
    calendars: true,
    request: { workflow: 'core.noop', input: {}, spec: {}, overlap: 'skip' },
  };
  const described = {
    scheduleId: 'default.a',
    state: { paused: false },
    info: { nextActionTimes: due.map((time) => new Date(time)), recentActions: [], createdAt: new Date(0) },
    action: { workflowId: 'sch_a', memo: { schedule: kept } },
  };
  const triggered: number[] = [];
  const temporal = {
    describe: async () => described,
    hasRun: async (workflowId: string) => runs.some((time) => startOfSchedule('sch_a', time) === workflowId),
    trigger: async (_id: string, _overlap: unknown, time: number) => {
      triggered.push(time);
    },
  } as unknown as TemporalSchedules;
  const executions = { prepare: async () => ({}), demandStarter: async () => undefined } as unknown as ExecutionService;
  const principals = { asItStands: async (principal: Principal) => principal };
  const service = createScheduleService({
    temporal,
    executions,
    principals,
    log: pino({ level: 'silent' }),
    clock: () => AT,
  });
  for (let time = 0; time < times; time += 1) await service.trigger(maker, 'a', undefined);
  expect(triggered).toEqual(taken);
});
