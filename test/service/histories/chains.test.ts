import { expect, it } from 'vitest';
import { createChainService } from '../../../service/histories/chains.ts';
import { createHistoryGateway } from '../../../temporal/histories.ts';

/** The service over a chain of runs of three events, and the number of its calls to Temporal. */
function createChain(length: number) {
  const runIdOf = (index: number) => (index < 0 ? '' : `r${index}`);
  let calls = 0;
  const workflowService = {
    async getWorkflowExecutionHistory({ execution: { runId } }: { execution: { runId: string } }) {
      calls += 1;
      const continuedExecutionRunId = runIdOf(Number(runId.slice(1)) - 1);
      const events = [{ eventId: 1, workflowExecutionStartedEventAttributes: { continuedExecutionRunId } }];
      return { history: { events }, nextPageToken: new Uint8Array() };
    },
  };
  const { newestRun } = createHistoryGateway({
    ...{ connection: {}, client: { workflowService }, namespace: 'default', open: <T>(answer: T) => answer },
    calls: { callOrNull: (call: () => unknown) => call() },
    newestRunId: async () => undefined,
  } as never);
  const describe = async (workflowId: string, runId = runIdOf(length - 1)) => {
    calls += 1;
    const [startTime, closeTime] = [{ seconds: 1 }, null];
    return { info: { execution: { workflowId, runId }, historyLength: 3, startTime, closeTime } };
  };
  const executions = { get: async () => ({ execution: { workflowId: 'wf_1' } }) };
  const service = createChainService({ temporal: { describe, newestRun }, executions } as never);
  return { list: () => service.list({} as never, '1'), calls: () => calls };
}

it('lists the runs of a chain of 500, with the numbers of their events', async () => {
  const runs = await createChain(500).list();
  expect(runs.map(({ runId, firstEvent }) => [runId, firstEvent])).toEqual(
    Array.from({ length: 500 }, (_, index) => [`r${index}`, index * 3 + 1]),
  );
});

it('refuses a longer chain, and does not look further than it lists', async () => {
  const { list, calls } = createChain(2_000);
  await expect(list()).rejects.toMatchObject({ code: 'work_exceeded', message: expect.stringContaining('500 runs') });
  expect(calls()).toBeLessThanOrEqual(502);
});
