import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { createBell } from '../../../service/background/bell.ts';
import type { ExecutionService } from '../../../service/executions/executions.ts';
import { createFailureHooks } from '../../../service/executions/failure-hooks.ts';
import type { StartCommand } from '../../../service/starts/start-command.ts';
import { workOwner } from '../../../service/starts/work-owner.ts';
import type { FailureHookRow, FailureHookStore } from '../../../store/executions/failure-hooks.ts';

describe('what is to follow a failure', () => {
  it.each<[string, boolean, { expired?: true }, string[], string | null]>([
    ['starts for a run that the API has started', true, {}, ['team.hook'], null],
    ['does not start for a run that was started past the API', false, {}, [], 'history_unusable'],
    // Whoever has started it past the API may have deleted it there.
    ['does not start for a run that Temporal no longer has', false, { expired: true }, [], 'history_unusable'],
  ])('%s', async (_, authentic, more, wanted, error) => {
    const started: string[] = [];
    const ended: (string | null)[] = [];
    const row = { workflowId: 'w', tenant: 'acme', hook: 'team.hook' } as FailureHookRow;
    const store = { due: async () => [row], end: async (__: FailureHookRow, why: string | null) => ended.push(why) };
    const executions = {
      get: async () => ({ n: 7, execution: { runId: 'r', input: {}, failure: null, memo: null, run: null, ...more } }),
      start: async (__: unknown, { ref }: { ref: string }) => started.push(ref),
    };
    const hooks = createFailureHooks({
      store: store as unknown as FailureHookStore,
      executions: executions as unknown as ExecutionService,
      isAuthentic: async ({ workflowId, runId }, tenant) =>
        authentic && [workflowId, runId, tenant].join() === 'w,r,acme',
      namespace: 'default',
      bell: createBell(),
      log: pino({ level: 'silent' }),
    });
    await hooks.tick();
    expect([started, ended.map((why) => why?.split(':')[0] ?? null)]).toEqual([wanted, [error]]);
  });

  it.each([
    [4_294_967_297, { by: 'rule', enforcement: 4_294_967_297 }, 4_294_967_297],
    // Its key may have been claimed by a release that did not pass it on.
    [42, undefined, undefined],
    [4_294_967_297, undefined, undefined],
  ])('keeps enforcement %i of the run that has failed only with its cause', async (enforcement, cause, passed) => {
    const started: unknown[] = [];
    const row = { workflowId: 'w', tenant: 'acme', hook: 'team.hook' } as FailureHookRow;
    const memo = { ref: 'p.w', owner: 'ann', executor: 1, enforcement, ...(cause && { cause }) };
    const executions = {
      get: async () => ({ n: 7, execution: { input: {}, failure: null, memo, run: null } }),
      start: async (__: unknown, command: StartCommand) => started.push([command.enforcement, command.cause]),
    };
    const hooks = createFailureHooks({
      store: { due: async () => [row], end: async () => undefined },
      executions: executions as unknown as ExecutionService,
      isAuthentic: async () => true,
      namespace: 'default',
      bell: createBell(),
      log: pino({ level: 'silent' }),
    });
    await hooks.tick();
    expect(started).toEqual([[passed, cause]]);
  });

  it('of a tenant that is busy waits, that of others does not; and all wait while Temporal is away', async () => {
    const ended: string[] = [];
    const rows = ['a1', 'b1', 'a2', 'c1', 'b2'].map((workflowId) => ({
      workflowId,
      tenant: workflowId[0],
      hook: 'x.y',
    }));
    const store = { due: async () => rows, end: async ({ workflowId }: FailureHookRow) => ended.push(workflowId) };
    let away: 'busy' | 'temporal_unavailable' = 'busy';
    const asked: string[] = [];
    const executions = {
      get: async (_: unknown, id: string) => {
        asked.push(`${workOwner()} ${id}`);
        return { n: 7, execution: { input: {}, failure: null, memo: null, run: null } };
      },
      start: async ({ tenant }: { tenant: string }) => {
        if (tenant === 'a') throw new Error('Failed query', { cause: new AppError(away, 'x') });
      },
    };
    const hooks = createFailureHooks({
      store: store as unknown as FailureHookStore,
      executions: executions as unknown as ExecutionService,
      isAuthentic: async () => true,
      namespace: 'default',
      bell: createBell(),
      log: pino({ level: 'silent' }),
    });
    await hooks.tick();
    expect([asked, ended]).toEqual([
      ['a a1', 'b b1', 'c c1', 'b b2'],
      ['b1', 'c1', 'b2'],
    ]);
    away = 'temporal_unavailable';
    await expect(hooks.tick()).rejects.toThrow();
    expect(ended).toHaveLength(3);
  });
});
