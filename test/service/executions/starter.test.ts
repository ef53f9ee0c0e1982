import { expect, it } from 'vitest';
import type { Principal } from '../../../model/principal.ts';
import { createExecutionStarter } from '../../../service/executions/starter.ts';
import type { Launched } from '../../../service/starts/launches.ts';

const operator = { tenant: 'acme', subject: 'olga', roles: ['operator'], permissions: [] } as unknown as Principal;

/** A promise that is kept when it is told to. */
function gate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}

it('a start that waits is found by a repeat of it meanwhile, though the workflow was disabled', async () => {
  const row = { versionRun: '', workflowId: 'wf_1' };
  let launched = false;
  let isEnabled = true;
  const closed = gate();
  const begun = gate();
  const reader = {
    get: async () => 'open',
    getEnded: async () => {
      begun.open();
      await closed.passed;
      return 'ended';
    },
    waitFor: async (_: Principal, view: string) => `${view}, waited for`,
  };
  const launcher = {
    launch: async (_tenant: string, _of: unknown, _options: object, show: (run: Launched) => Promise<unknown>) => {
      launched = true;
      return show({ n: 1, workflowId: 'wf_1', started: {} } as Launched);
    },
  };
  const definitions = {
    isAction: async () => false,
    find: async () => ({ ref: 'a.b', enabled: isEnabled }),
    reach: async () => ({}),
  };
  const repeats = { find: async () => (launched ? 1 : null) };
  const store = { find: async () => row };
  // Whoever waits for the run has queued its row.
  const entries = {
    written: async () => {
      if (launched) row.versionRun = 'run';
    },
  };
  const starter = createExecutionStarter({
    temporal: {},
    reader,
    store,
    entries,
    launcher,
    definitions,
    repeats,
    signer: {},
  } as never);
  const command = { ref: 'a.b', input: {}, wait: 60, idempotencyKey: 'k' } as never;
  const first = starter.start(operator, command);
  await begun.passed;
  isEnabled = false;
  expect(await starter.start(operator, command)).toBe('open, waited for');
  closed.open();
  expect(await first).toBe('ended');
});
