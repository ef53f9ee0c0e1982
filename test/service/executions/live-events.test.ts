import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { Definition } from '../../../model/definition.ts';
import type { Principal } from '../../../model/principal.ts';
import { createWatchService } from '../../../service/executions/live-events.ts';
import type { ExecutionView } from '../../../service/executions/reader.ts';
import type { Temporal } from '../../../temporal/gateway.ts';
import { madeHistories, madeRun } from '../../fixtures/made.ts';

const ITEMS = 500;
const definition: Definition = {
  tasks: [
    { name: 'each', with_items: `{{ range(${ITEMS}) }}`, action: 'core.transform', input: { data: '{{ item }}' } },
  ],
};

it('other requests have their turn while the entries of a run are sent', async () => {
  const [events] = madeHistories(madeRun(definition, {}), {});
  const runId = events![0]!.workflowExecutionStartedEventAttributes!.originalExecutionRunId!;
  const watches = createWatchService({
    temporal: {
      async *follow() {
        yield { runId, runs: [runId], events };
      },
    } as unknown as Temporal,
    executions: {
      getWithMask: async () => ({
        found: { execution: { workflowId: 'fermata-1' } } as unknown as ExecutionView,
        mask: (shown) => shown,
      }),
    },
    log: pino({ level: 'silent' }),
  });
  const all = async () => {
    const { entries } = await watches.watch({} as Principal, '1', { signal: new AbortController().signal });
    const received = [];
    for await (const entry of entries) received.push(entry);
    return received;
  };
  // The first listener waits for the history; a second one finds all entries there, and only sends them.
  const first = all();
  let turns = 0;
  const second = all();
  let isSent = false;
  void second.then(() => (isSent = true));
  while (!isSent) {
    await nextTurn();
    turns += 1;
  }
  expect(await second).toEqual(await first);
  expect((await second).length).toBeGreaterThan(2 * ITEMS);
  expect(turns).toBeGreaterThan((await second).length / 100);
});
