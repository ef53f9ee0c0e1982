import { pino } from 'pino';
import { expect, it } from 'vitest';
import { AppError } from '../../model/app-error.ts';
import type { Principal } from '../../model/principal.ts';
import type { ExecutionService } from '../../service/executions.ts';
import { createScheduleService } from '../../service/schedules.ts';
import type { DescribedSchedule, TemporalSchedules } from '../../service/temporal-schedules.ts';

const maker: Principal = {
  ...{ id: 1, tenant: 'one', tenantRef: 'default', subject: 'ann', kind: 'person', onBehalfOf: null },
  ...{ roles: ['operator'], permissions: [], groups: [] },
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
  const service = createScheduleService(temporal, executions, principals, pino({ level: 'silent' }), () => 0);
  for (let round = 0; round < 3; round += 1) await service.refresh();
  expect(notes).toHaveLength(pauses);
  expect(notes.every((each) => each.length <= 4_000)).toBe(true);
});
