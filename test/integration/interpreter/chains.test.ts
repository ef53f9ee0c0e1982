import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TemporalServer } from '../../../dev/temporal-server.ts';
import { projectExecution } from '../../../projection/project.ts';
import { createReader } from '../index/projection-reader.ts';
import { createHarness, type Harness } from '../support/harness.ts';
import { until } from '../support/until.ts';
import { CHAINS, type ChainScript, playChain } from './chain-scripts.ts';
import { startChainServer } from './chain-server.ts';

// Runs that go on in other runs: on a server that suggests it after a few events.

let server: TemporalServer;
let harness: Harness;
/** The chains that are under way, by script: those that wait for their timeout do so while the others are played. */
const begun = new Map<ChainScript, Promise<string>>();
beforeAll(async () => {
  server = await startChainServer(20);
  harness = await createHarness(server.address);
  for (const script of CHAINS) {
    if (script.definition.timeout !== undefined) begun.set(script, playChain(harness, script));
  }
});
afterAll(async () => {
  await harness.close();
  await server.stop();
});

const chain = (name: string) => CHAINS.find((each) => each.name === name)!;

describe('a chain of runs is one execution', () => {
  it.each(CHAINS)('$name', async (script) => {
    const id = await (begun.get(script) ?? playChain(harness, script));
    const events = await harness.history(id);
    const execution = projectExecution(id, events);
    expect([execution.projection, execution.divergence]).toEqual(['complete', null]);
    expect(execution).toMatchObject({ status: script.status, failure: script.failure ?? null });
    if (script.output !== undefined) expect(execution.output).toEqual(script.output);
    const done = execution.tasks.filter(({ status }) => status === 'completed');
    expect(done.map(({ key }) => key)).toEqual(script.done);
    const starts = events.filter((event) => event.workflowExecutionStartedEventAttributes);
    if (script.options?.workflows === undefined) expect(starts.length).toBeGreaterThan(1);
  });

  it('which shows what the outputs of items were that it has not handed on', async () => {
    const execution = await harness.execution(await playChain(harness, chain('items whose outputs nothing reads')));
    const output = execution.tasks.find(({ key }) => key === 'each')!.output as string[];
    expect(output.map((each) => each.split(' ')[0])).toEqual(Array.from({ length: 20 }, (_, at) => String(at)));
  });

  it('whose closed runs are read once', async () => {
    const historyOf = vi.spyOn(harness.temporal, 'historyOf');
    const reader = createReader(harness.temporal);
    const id = await harness.start(chain('signals that came before anybody waited for them').definition);
    const execution = async () => (await reader.read(id))!.execution;
    const half = await until(execution, ({ waitingFor }) => waitingFor[0]?.kind === 'signal');
    const before = historyOf.mock.calls.length;
    expect(half.tasks.length).toBe(9);
    expect((await execution()).tasks).toEqual(half.tasks);
    expect(historyOf.mock.calls.length).toBe(before);
    const handle = harness.client.workflow.getHandle(id);
    await handle.signal('note', 1);
    await handle.signal('note', 2);
    const ended = await until(execution, ({ closed }) => closed !== null);
    expect(ended).toEqual(await harness.execution(id));
    expect(new Set(historyOf.mock.calls.map(([, run]) => run)).size).toBe(historyOf.mock.calls.length);
  });
});
