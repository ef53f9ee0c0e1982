import { coresdk } from '@temporalio/proto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { completedRunId, summarizeActivation } from '../../worker/activation.ts';
import { type NativeWorker, type WatchReport, watchActivations } from '../../worker/watch.ts';
import { cachedWorkflows } from '../../worker/worker.ts';

const { WorkflowActivation } = coresdk.workflow_activation;
const { WorkflowActivationCompletion } = coresdk.workflow_completion;

type Job = coresdk.workflow_activation.IWorkflowActivationJob;

/** An activation as Temporal's SDK gets it, with all of its kinds of fields. */
const activation = (runId: string, jobs: Job[]): Buffer =>
  Buffer.from(
    WorkflowActivation.encode({
      runId,
      jobs,
      timestamp: { seconds: 1_790_000_000 as unknown as Long, nanos: 5 },
      isReplaying: true,
      historyLength: 70_000,
      historySizeBytes: 3_000_000_000 as unknown as Long,
      availableInternalFlags: [1, 2],
      lastSdkVersion: '1.24.0',
    }).finish(),
  );

const initial = (name: string): Job => ({
  initializeWorkflow: {
    workflowId: `wf_${name}`,
    workflowType: 'a.b',
    arguments: [{ data: new Uint8Array(100_000) }],
  },
});
const completion = (runId: string, commands = 0): Buffer =>
  Buffer.from(
    WorkflowActivationCompletion.encodeDelimited({
      runId,
      successful: { commands: Array(commands).fill({}) },
    }).finish(),
  );

describe('an activation is summarized', () => {
  it.each<[string, Job[], object]>([
    ['the first one of a run', [initial('ä')], { workflowId: 'wf_ä', eviction: false }],
    ['a later one', [{ fireTimer: { seq: 300 } }, { signalWorkflow: {} }], { workflowId: null, eviction: false }],
    ['the removal of a run', [{ removeFromCache: { reason: 1 } }], { workflowId: null, eviction: true }],
    ['one without jobs', [], { workflowId: null, eviction: false }],
  ])('%s', (_, jobs, expected) => {
    expect(summarizeActivation(activation('run_a', jobs))).toEqual({ runId: 'run_a', ...expected });
  });

  it.each([1, 200])('and a completion with %i commands names the run', (commands) => {
    expect(completedRunId(completion('run_a', commands))).toBe('run_a');
  });

  it.each([[[0x0a, 0x05, 0x61]], [[0x0b]], [[0xff]], [Array.from({ length: 20 }, () => 0xff)]])(
    'bytes that are not a message are refused: %j',
    (bytes) => {
      expect(() => summarizeActivation(Uint8Array.from(bytes))).toThrow(RangeError);
    },
  );
});

describe('a watch', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A watched native worker of the test; `come` and `end` let an activation of a run come and end. */
  function watched(eager: boolean) {
    const reports: WatchReport[] = [];
    const coming: Buffer[] = [];
    let broken = false;
    const native: NativeWorker = {
      pollWorkflowActivation: async () => coming.shift()!,
      completeWorkflowActivation: async () => undefined,
    };
    const watch = watchActivations(native, {
      eager,
      isBroken: () => broken,
      report: (report) => reports.push(report),
    });
    watch.start();
    const come = async (name: string, ...jobs: Job[]) => {
      coming.push(activation(`run_${name}`, jobs.length === 0 ? [initial(name)] : jobs));
      await native.pollWorkflowActivation();
    };
    return {
      native,
      watch,
      come,
      end: (name: string) => native.completeWorkflowActivation(completion(`run_${name}`)),
      pass: (seconds: number) => vi.advanceTimersByTime(seconds * 1000),
      fail: () => {
        broken = true;
      },
      taken: () => reports.splice(0),
      last: () => reports.splice(0).at(-1),
    };
  }

  it('reports twice a second, also when nothing happens', () => {
    const { pass, taken } = watched(false);
    pass(2);
    expect(taken()).toEqual(Array.from({ length: 4 }, () => ({ stalled: 0, alone: null, late: [] })));
  });

  it('reports a run that is alone in flight after a second, and its end at once', async () => {
    const { come, end, pass, taken, last } = watched(false);
    await come('a');
    pass(0.5);
    expect(last()?.alone).toBeNull();
    pass(1);
    expect(last()?.alone).toEqual({ workflowId: 'wf_a', runId: 'run_a', seconds: 1.5 });
    await end('a');
    expect(taken()).toEqual([{ stalled: 0, alone: null, late: [] }]);
  });

  it('in probation reports it from its first moment on', async () => {
    const { come, end, taken } = watched(true);
    await come('a');
    await end('a');
    expect(taken().map(({ alone }) => alone?.runId ?? null)).toEqual(['run_a', null]);
  });

  it('reports no run as alone while another one is in flight', async () => {
    const { come, end, pass, last } = watched(false);
    await come('a');
    pass(3);
    await come('b');
    expect(last()?.alone).toBeNull();
    pass(40);
    expect(last()).toMatchObject({ alone: null, stalled: 43 });
    await end('a');
    expect(last()?.alone).toMatchObject({ runId: 'run_b', seconds: 40 });
  });

  it('what ends because the workflow thread has failed is still in flight', async () => {
    const { come, end, fail, pass, last } = watched(true);
    await come('a');
    fail();
    await end('a');
    pass(0.5);
    expect(last()?.alone?.runId).toBe('run_a');
  });

  it('the removal of a run from the cache is not in flight', async () => {
    const { come, end, pass, last } = watched(true);
    await come('a');
    await end('a');
    await come('a', { removeFromCache: {} });
    pass(10);
    expect(last()).toEqual({ stalled: 0, alone: null, late: [] });
  });

  it('activations that wait for each other are not stalled as long as they end', async () => {
    const { come, end, pass, last } = watched(false);
    const names = Array.from({ length: 20 }, (_, index) => `run${index}`);
    for (const name of names) await come(name);
    for (const name of names) {
      pass(9);
      expect(last()?.stalled).toBe(9);
      await end(name);
    }
    pass(0.5);
    expect(last()).toEqual({ stalled: 0, alone: null, late: [] });
  });

  it('a decision that took longer than a workflow task may is late, once, and those that waited for it are not', async () => {
    const { come, end, pass, taken } = watched(false);
    await come('slow');
    await come('waiting');
    pass(11);
    await end('slow');
    await end('waiting');
    pass(1);
    expect(taken().flatMap(({ late }) => late)).toEqual([{ workflowId: 'wf_slow', runId: 'run_slow' }]);
  });

  it('time in which the process is stopped does not count', async () => {
    const { come, pass, last } = watched(false);
    const now = vi.spyOn(performance, 'now');
    await come('a');
    pass(2);
    const before = performance.now();
    now.mockImplementation(() => before + 3_600_000);
    vi.advanceTimersToNextTimer();
    expect(last()?.alone?.seconds).toBeLessThan(4);
    now.mockRestore();
  });

  it('an activation that cannot be read reaches the worker all the same', async () => {
    const { native, taken } = watched(true);
    const poll = vi.spyOn(native, 'pollWorkflowActivation');
    const other: NativeWorker = {
      pollWorkflowActivation: async () => Buffer.from([0xff]),
      completeWorkflowActivation: async () => undefined,
    };
    watchActivations(other, { eager: true, isBroken: () => false, report: () => undefined });
    expect(await other.pollWorkflowActivation()).toEqual(Buffer.from([0xff]));
    expect([poll.mock.calls.length, taken()]).toEqual([0, []]);
  });
});

it.each([
  [64, 62],
  [512, 500],
  [1024, 1000],
  [2048, 2000],
  [4096, 2000],
  [16, 50],
])('a heap of %i MiB keeps %i workflows', (mebibytes, workflows) => {
  expect(cachedWorkflows(mebibytes * 1024 * 1024)).toBe(workflows);
});
