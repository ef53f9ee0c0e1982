import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { ExecutionService } from '../../service/executions.ts';
import { createFailureHooks } from '../../service/failure-hooks.ts';
import type { FailureHookRow, FailureHookStore } from '../../store/failure-hooks.ts';

describe('what is to follow a failure', () => {
  it.each<[string, boolean | null, string[], string | null]>([
    ['starts for a run that the API has started', true, ['team.hook'], null],
    ['starts for a run of which nobody can tell', null, ['team.hook'], null],
    ['does not start for a run that was started past the API', false, [], 'history_unusable'],
  ])('%s', async (_, authentic, wanted, error) => {
    const started: string[] = [];
    const ended: (string | null)[] = [];
    const row = { workflowId: 'w', tenant: 'acme', hook: 'team.hook' } as FailureHookRow;
    const store = { due: async () => [row], end: async (__: FailureHookRow, why: string | null) => ended.push(why) };
    const executions = {
      get: async () => ({ n: 7, execution: { authentic, input: {}, failure: null, memo: null, run: null } }),
      start: async (__: unknown, { ref }: { ref: string }) => started.push(ref),
    };
    const hooks = createFailureHooks(
      store as unknown as FailureHookStore,
      executions as unknown as ExecutionService,
      'default',
      pino({ level: 'silent' }),
    );
    await hooks.tick();
    expect([started, ended.map((why) => why?.split(':')[0] ?? null)]).toEqual([wanted, [error]]);
  });
});
