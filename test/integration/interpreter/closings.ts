import { deepEqual } from 'node:assert/strict';
import { digest } from '../../../expression/encoding.ts';
import { carry } from '../../../interpreter/carry.ts';
import type { Fault } from '../../../interpreter/events.ts';
import { projectInquiries } from '../../../interpreter/inquiries.ts';
import { begin, step } from '../../../interpreter/interpreter.ts';
import type { CarriedState } from '../../../model/carried-state.ts';
import { CONTROL_SIGNAL } from '../../../model/control.ts';
import type { Definition } from '../../../model/definition.ts';
import type { Execution } from '../../../model/execution.ts';
import { derivedNumber, workflowIdOf } from '../../../model/execution-id.ts';
import { WORKER_BUSY } from '../../../model/failure.ts';
import { DECISION_SIGNAL, type Inquiry } from '../../../model/inquiry.ts';
import type { Json, JsonObject } from '../../../model/json.ts';
import { createAttemptSkips } from '../../../service/controls/attempt-skips.ts';
import { question } from '../../interpreter/inquiry-scripts.ts';
import { act, fail, give, hang, rehearse, runInput, STARTED } from '../../interpreter/rehearse.ts';
import { annDecides, SIGNED, signedDecision, signer } from '../../interpreter/signed.ts';
import { decide, decideSigned, delegateSigned, hasAsked } from '../inquiries/inquiry-play.ts';
import { closed, type Harness, type StartOptions, underWay } from '../support/harness.ts';
import { until } from '../support/until.ts';

/** A way in which a run can close, or stand open, that no outcome of a task makes. */
export interface Closing {
  name: string;
  definition: Definition;
  options: StartOptions;
  /** Acts on the run from outside. */
  act(harness: Harness, workflowId: string): Promise<void>;
  status: string;
  tasks: Record<string, string>;
  output?: Json;
}

const waitFor = (name: string, signal: string, timeout?: number) => ({
  name,
  action: 'core.wait_signal',
  input: { name: signal, ...(timeout === undefined ? {} : { timeout }) },
});

/** Returns once a run says that it waits for something of a kind. */
async function waits(harness: Harness, workflowId: string, kind: string): Promise<void> {
  await until(
    () => harness.execution(workflowId),
    ({ waitingFor }) => waitingFor.some((wait) => wait.kind === kind),
  );
}

/** Returns once the execution of a run is as a condition says. */
const shows =
  (condition: (execution: Execution) => boolean) =>
  async (harness: Harness, workflowId: string): Promise<void> => {
    await until(() => harness.execution(workflowId), condition);
  };

const cancelWhenUnderWay =
  (...tasks: string[]) =>
  async (harness: Harness, workflowId: string): Promise<void> => {
    await underWay(harness, workflowId, tasks);
    await harness.client.workflow.getHandle(workflowId).cancel();
    await closed(harness, workflowId);
  };

const control = (harness: Harness, workflowId: string, id: string, rest: object) =>
  harness.client.workflow.getHandle(workflowId).signal(CONTROL_SIGNAL, { id, by: 'test', ...rest });

/** A run that has failed at `b`, as another one goes on from it. */
const carriedDefinition: Definition = {
  variables: { x: 'start' },
  output: { x: '{{ x }}', items: '{{ each.output }}' },
  tasks: [
    act('a', { publish: { x: 'from a' } }),
    act('each', { with_items: [1, 2, 3], concurrency: 1, on_item_failure: 'finish' }),
    act('b'),
  ],
};
const failedBefore = rehearse({
  definition: carriedDefinition,
  outcomes: { each: [{ output: 'one' }, fail('E_ITEM'), { output: 'three' }] },
});

/** A run that has failed behind a question, which a signed statement has decided. */
const decidedDefinition: Definition = { tasks: [question('ask', { prompt: 'Deploy?' }), act('deploy')] };
const decidedBefore = (() => {
  const run = { ...runInput(decidedDefinition, 7), ...SIGNED };
  const { state } = begin(run, {}, STARTED, { chain: 'the first run' });
  const [{ what, bound_to }] = projectInquiries(state) as [Inquiry];
  const payload = signedDecision(run, 'the first run', annDecides('ask', { bound_to }), what);
  step(state, [{ type: 'signal', name: DECISION_SIGNAL, payload }], STARTED + 1_000);
  const fault: Fault = { kind: 'application', type: 'E', message: 'E', details: [] };
  step(state, [{ type: 'failed', key: 'deploy', fault }], STARTED + 2_000);
  return carry(state, null)!.state;
})();
const decidedDifferently: CarriedState = structuredClone(decidedBefore);
decidedDifferently.inquiries[0]!.votes[0]!.by = 'mallory';

/** Every closing, and an open run. */
export const CLOSINGS: Closing[] = [
  {
    name: 'done in slices, next to a task of a worker',
    definition: {
      start: ['a', 'each'],
      tasks: [
        act('a', { on_success: 'both' }),
        give('each', '{{ item }}', { with_items: [1, 2, 3], on_success: 'both' }),
        give('both', '{{ each.output }}', { join: 'all' }),
      ],
    },
    options: { limits: { slice: 1 } },
    act: closed,
    status: 'completed',
    tasks: {
      a: 'completed',
      each: 'completed',
      both: 'completed',
      'each[0]': 'completed',
      'each[1]': 'completed',
      'each[2]': 'completed',
    },
    output: { both: [1, 2, 3] },
  },
  {
    name: 'handed back by busy workers, a task and an item',
    definition: {
      start: ['a', 'each'],
      tasks: [
        act('a', { on_success: 'both' }),
        act('each', { with_items: [1, 2], on_success: 'both' }),
        give('both', '{{ [a.output, each.output] }}', { join: 'all' }),
      ],
    },
    options: {
      outcomes: {
        a: [fail(WORKER_BUSY, 'no room'), { output: 'done' }],
        each: [fail(WORKER_BUSY, 'no room'), { output: 'x' }, { output: 'x' }],
      },
    },
    act: closed,
    status: 'completed',
    tasks: { a: 'completed', each: 'completed', 'each[0]': 'completed', 'each[1]': 'completed', both: 'completed' },
    output: { both: ['done', ['x', 'x']] },
  },
  {
    name: 'in slices, and cancelled while a task runs, with a cleanup',
    definition: {
      on_cancel: ['undo', 'tell'],
      tasks: [waitFor('a', 'go'), act('b'), give('undo', 1), give('tell', 2)],
    },
    options: { limits: { slice: 1 }, outcomes: { b: hang } },
    act: async (harness, workflowId) => {
      await waits(harness, workflowId, 'signal');
      const handle = harness.client.workflow.getHandle(workflowId);
      await handle.signal('go', 1);
      await cancelWhenUnderWay('b')(harness, workflowId);
    },
    status: 'cancelled',
    tasks: { a: 'completed', b: 'cancelled', undo: 'completed', tell: 'completed' },
  },
  {
    name: 'failed for its work, in slices',
    definition: { start: ['a'], tasks: [give('a', 1, { on_success: 'a' })] },
    options: { limits: { slice: 200, span: 600 } },
    act: closed,
    status: 'failed',
    tasks: Object.fromEntries(['a', 'a#2', 'a#3', 'a#4', 'a#5'].map((key) => [key, 'completed'])),
  },
  {
    name: 'paused, resumed, and relieved of a wait',
    definition: { tasks: [waitFor('a', 'go', 3600), act('b')] },
    options: {},
    act: async (harness, workflowId) => {
      await waits(harness, workflowId, 'signal');
      await control(harness, workflowId, 'pause', { what: 'pause' });
      await waits(harness, workflowId, 'pause');
      await control(harness, workflowId, 'skip', { what: 'skip', key: 'a', output: 7 });
      await shows(({ controls }) => controls.length === 2)(harness, workflowId);
      await control(harness, workflowId, 'resume', { what: 'resume' });
      await closed(harness, workflowId);
    },
    status: 'completed',
    tasks: { a: 'completed', b: 'completed' },
    output: null,
  },
  {
    name: 'skipped before an attempt that Temporal makes',
    definition: {
      output: ['{{ a.output }}', '{{ a.status }}'],
      tasks: [act('a', { retry: { count: 2, delay: 3600 } })],
    },
    options: { outcomes: { a: fail('E_A', 'not yet') } },
    act: async (harness, workflowId) => {
      await waits(harness, workflowId, 'retry');
      const attempts = createAttemptSkips(harness.temporal);
      const activity = await attempts.hold(workflowId, 'a');
      await control(harness, workflowId, 'skip', { what: 'skip', key: 'a', output: 7 });
      await until(
        () => harness.execution(workflowId),
        ({ controls }) => controls.length === 1,
      );
      await attempts.end(workflowId, activity!, 'skip');
      await closed(harness, workflowId);
      const [task] = (await harness.execution(workflowId)).tasks;
      deepEqual([task?.state, task?.attempts.map(({ attempt }) => attempt)], ['skipped', [1]]);
    },
    status: 'completed',
    tasks: { a: 'completed' },
    output: [7, 'skipped'],
  },
  ...(['begin', 'skip', 'fail'] as const).map(
    (verdict): Closing => ({
      name: `has waited for its turn: ${verdict}`,
      definition: { concurrency_key: { key: 'k' }, variables: { x: 1 }, tasks: [act('a'), act('b')] },
      options: {},
      act: async (harness, workflowId) => {
        await waits(harness, workflowId, 'turn');
        await control(harness, workflowId, 'turn', { what: 'turn', verdict });
        await closed(harness, workflowId);
      },
      status: { begin: 'completed', skip: 'skipped', fail: 'failed' }[verdict],
      tasks: verdict === 'begin' ? { a: 'completed', b: 'completed' } : {},
    }),
  ),
  {
    name: 'cancelled while it waits for its turn',
    definition: { concurrency_key: { key: 'k' }, on_cancel: 'undo', tasks: [act('a'), act('undo')] },
    options: {},
    act: async (harness, workflowId) => {
      await waits(harness, workflowId, 'turn');
      await harness.client.workflow.getHandle(workflowId).cancel();
      await closed(harness, workflowId);
    },
    status: 'cancelled',
    tasks: { undo: 'completed' },
  },
  {
    name: 'secrets in inputs, at every try and for every item',
    definition: {
      tasks: [
        act('a', { input: { text: 'a {{ secret.A }} b' }, retry: { count: 1, when: 'failed()' } }),
        act('b', { input: ['{{ item }}{{ secret.B }}'], with_items: [1, 2] }),
      ],
    },
    options: { outcomes: { a: [fail('E_A'), { output: 1 }] } },
    act: closed,
    status: 'completed',
    tasks: { a: 'completed', b: 'completed', 'b[0]': 'completed', 'b[1]': 'completed' },
  },
  {
    name: 'goes on from where another run has failed',
    definition: carriedDefinition,
    options: { outcomes: { each: { output: 'two' } }, carried: carry(failedBefore.state, null)!.state },
    act: closed,
    status: 'completed',
    tasks: {
      a: 'completed',
      each: 'completed',
      'each[0]': 'completed',
      'each[1]': 'completed',
      'each[2]': 'completed',
      b: 'completed',
    },
    output: { x: 'from a', items: ['one', 'two', 'three'] },
  },
  {
    name: 'decided by a signed statement, after forgeries that do not count',
    definition: decidedDefinition,
    options: { signed: true },
    act: async (harness, workflowId) => {
      await decide(harness, workflowId, { by: 'ann' });
      const execution = await until(() => harness.execution(workflowId), hasAsked('ask'));
      const payload = signer.sealDecision(execution, annDecides('ask', { id: 'forged' }), 'something else');
      const forged = { ...(payload as JsonObject), sig: 'A'.repeat(86) };
      await harness.client.workflow.getHandle(workflowId).signal(DECISION_SIGNAL, forged);
      await control(harness, workflowId, 'c', { what: 'skip', key: 'ask', output: null });
      await decideSigned(harness, workflowId);
      await closed(harness, workflowId);
      const { statements } = await harness.execution(workflowId);
      deepEqual(
        statements?.refusals.map(({ reason }) => reason),
        ['unsigned', 'bad_signature', 'unsigned'],
      );
    },
    status: 'completed',
    tasks: { ask: 'completed', deploy: 'completed' },
  },
  {
    name: 'decided on behalf of somebody who has delegated it',
    definition: {
      tasks: [question('ask', { prompt: 'Deploy?', approvers: ['ann', 'bob'], quorum: 2, delegable: true })],
    },
    options: { signed: true },
    act: async (harness, workflowId) => {
      await delegateSigned(harness, workflowId, 'ann', 'cid');
      await delegateSigned(harness, workflowId, 'cid', 'dan');
      const person = { names: [], groups: [], response: null };
      await decideSigned(harness, workflowId, { ...person, id: 'of ann', by: 'ann' });
      await decideSigned(harness, workflowId, { ...person, id: 'of cid', by: 'cid', on_behalf_of: 'ann' });
      await decideSigned(harness, workflowId, { ...person, id: 'of bob', by: 'bob' });
      await closed(harness, workflowId);
      const { inquiries } = await harness.execution(workflowId);
      deepEqual(
        inquiries.flatMap(({ votes }) => votes.map(({ by, on_behalf_of }) => [by, on_behalf_of])),
        [
          ['cid', 'ann'],
          ['bob', undefined],
        ],
      );
    },
    status: 'completed',
    tasks: { ask: 'completed' },
  },
  {
    name: 'decided by whoever has taken a delegation back',
    definition: {
      tasks: [question('ask', { prompt: 'Deploy?', approvers: ['ann', 'bob'], quorum: 2, delegable: true })],
    },
    options: { signed: true },
    act: async (harness, workflowId) => {
      const known = { standing: 'never', to_email: 'cid@example.com' };
      await delegateSigned(harness, workflowId, 'ann', 'cid', known);
      await delegateSigned(harness, workflowId, 'ann', 'ann', { ends: 'ann to cid', why: 'withdrawn' });
      const person = { names: [], groups: [], response: null };
      await decideSigned(harness, workflowId, { ...person, id: 'of cid', by: 'cid', on_behalf_of: 'ann' });
      await decideSigned(harness, workflowId, { ...person, id: 'of ann', by: 'ann' });
      await delegateSigned(harness, workflowId, 'bob', 'cid', known);
      await delegateSigned(harness, workflowId, 'eve', 'bob', { ends: 'bob to cid', why: 'disabled' });
      await decideSigned(harness, workflowId, { ...person, id: 'of bob', by: 'bob' });
      await closed(harness, workflowId);
      const { inquiries } = await harness.execution(workflowId);
      deepEqual(
        inquiries.flatMap(({ votes }) => votes.map(({ by, on_behalf_of }) => [by, on_behalf_of])),
        [
          ['ann', undefined],
          ['bob', undefined],
        ],
      );
    },
    status: 'completed',
    tasks: { ask: 'completed' },
  },
  {
    name: 'a retry that keeps a decision which its statement proves',
    definition: decidedDefinition,
    options: { signed: true, carried: decidedBefore },
    act: closed,
    status: 'completed',
    tasks: { ask: 'completed', deploy: 'completed' },
  },
  {
    name: 'a retry that asks again since the statement proves another decision',
    definition: decidedDefinition,
    options: { signed: true, carried: decidedDifferently },
    act: async (harness, workflowId) => {
      await decideSigned(harness, workflowId);
      await closed(harness, workflowId);
    },
    status: 'completed',
    tasks: { ask: 'completed', deploy: 'completed' },
  },
  {
    name: 'a sub-workflow asks, and is decided by a signed statement',
    definition: { tasks: [{ name: 'sub', action: 'sub.one' }] },
    options: { signed: true, workflows: { 'sub.one': decidedDefinition } },
    act: async (harness, workflowId) => {
      const begun = ({ tasks }: Execution) => tasks.some(({ status }) => status === 'running');
      const { tasks } = await until(() => harness.execution(workflowId), begun);
      await decideSigned(harness, tasks[0]!.child!);
      await closed(harness, workflowId);
    },
    status: 'completed',
    tasks: { sub: 'completed' },
  },
  {
    name: 'cancelled while a task runs',
    definition: { tasks: [act('a'), act('b')] },
    options: { outcomes: { a: hang } },
    act: cancelWhenUnderWay('a'),
    status: 'cancelled',
    tasks: { a: 'cancelled' },
  },
  {
    name: 'cancelled while parallel tasks run, one of which is tried again',
    definition: { tasks: [act('a'), act('b'), act('c', { retry: { count: 5, delay: 60 } })], start: ['a', 'b', 'c'] },
    options: { outcomes: { a: hang, b: hang, c: fail('E_C') } },
    act: cancelWhenUnderWay('a', 'b'),
    status: 'cancelled',
    tasks: { a: 'cancelled', b: 'cancelled', c: 'cancelled' },
  },
  {
    name: 'cancelled while an inline task waits for its next attempt',
    definition: {
      tasks: [act('a'), { name: 'b', action: 'core.fail', input: { message: 'no' }, retry: { count: 1, delay: 3600 } }],
      start: ['a', 'b'],
    },
    options: { outcomes: { a: hang } },
    act: cancelWhenUnderWay('a'),
    status: 'cancelled',
    tasks: { a: 'cancelled', b: 'cancelled' },
  },
  {
    name: 'cancelled before the first workflow task',
    definition: { tasks: [act('a')] },
    options: { cancelled: true },
    act: closed,
    status: 'cancelled',
    tasks: {},
  },
  {
    name: 'cancelled while some items run and others have not begun',
    definition: {
      on_cancel: 'tell',
      tasks: [
        act('a', { with_items: [1, 2, 3, 4], concurrency: 2 }),
        { name: 'tell', action: 'core.transform', input: { data: ['{{ a.status }}', '{{ a.output | length }}'] } },
      ],
    },
    options: { items: { a: [hang, hang] } },
    act: cancelWhenUnderWay('a[0]', 'a[1]'),
    status: 'cancelled',
    tasks: { a: 'cancelled', 'a[0]': 'cancelled', 'a[1]': 'cancelled', tell: 'completed' },
  },
  {
    name: 'open, with items under way',
    definition: {
      tasks: [act('a', { with_items: [1, 2, 3], concurrency: 2, retry: { count: 1, delay: 60, when: 'true' } })],
    },
    options: { items: { a: [fail('E_A'), hang, hang] } },
    act: async (harness, workflowId) => {
      await underWay(harness, workflowId, ['a[1]']);
      await waits(harness, workflowId, 'retry');
    },
    status: 'running',
    tasks: { a: 'running', 'a[0]': 'running', 'a[1]': 'running' },
  },
  {
    name: 'failed while items wait for their next attempt and others have not begun',
    definition: {
      start: ['a', 'b'],
      tasks: [
        act('a', { with_items: [1, 2, 3], concurrency: 2, retry: { count: 1, delay: 60, when: 'true' } }),
        { ...waitFor('b', 'fail'), on_success: 'fail' },
      ],
    },
    options: { items: { a: [fail('E_A'), { output: 2 }, fail('E_C')] } },
    act: async (harness, workflowId) => {
      await shows(({ waitingFor }) => waitingFor.filter(({ kind }) => kind === 'retry').length === 2)(
        harness,
        workflowId,
      );
      await harness.client.workflow.getHandle(workflowId).signal('fail');
      await closed(harness, workflowId);
    },
    status: 'failed',
    tasks: { a: 'failed', 'a[0]': 'failed', 'a[1]': 'completed', 'a[2]': 'failed', b: 'completed' },
  },
  {
    name: 'cancelled while a sub-workflow runs, which cleans up first',
    definition: {
      on_cancel: 'tell',
      tasks: [
        { name: 'a', action: 'sub.one' },
        { name: 'tell', action: 'core.transform', input: { data: '{{ a.error.type }}' } },
      ],
    },
    options: {
      workflows: {
        'sub.one': {
          on_cancel: 'undo',
          tasks: [waitFor('w', 'go'), { name: 'undo', action: 'core.delay', input: { seconds: 0.2 } }],
        },
      },
    },
    act: async (harness, workflowId) => {
      await shows(({ tasks }) => tasks[0]?.status === 'running')(harness, workflowId);
      await harness.client.workflow.getHandle(workflowId).cancel();
      await closed(harness, workflowId);
    },
    status: 'cancelled',
    tasks: { a: 'cancelled', tell: 'completed' },
  },
  {
    name: 'cancelled at once after sub-workflows were asked for',
    definition: { tasks: [{ name: 'a', action: 'sub.one', with_items: [1, 2, 3] }] },
    options: { workflows: { 'sub.one': { tasks: [waitFor('w', 'go')] } } },
    act: async (harness, workflowId) => {
      await shows(({ tasks }) => tasks.length > 0)(harness, workflowId);
      await harness.client.workflow.getHandle(workflowId).cancel();
      await closed(harness, workflowId);
    },
    status: 'cancelled',
    tasks: { a: 'cancelled', 'a[0]': 'cancelled', 'a[1]': 'cancelled', 'a[2]': 'cancelled' },
  },
  {
    name: 'a sub-workflow that is terminated',
    definition: { tasks: [{ name: 'a', action: 'sub.one', on_failure: 'b' }, act('b')] },
    options: { workflows: { 'sub.one': { tasks: [waitFor('w', 'go')] } } },
    act: async (harness, workflowId) => {
      const { tasks } = await until(
        () => harness.execution(workflowId),
        ({ tasks: [task] }) => task?.status === 'running',
      );
      await harness.client.workflow.getHandle(tasks[0]!.child!).terminate();
      await closed(harness, workflowId);
    },
    status: 'completed',
    tasks: { a: 'failed', b: 'completed' },
  },
  {
    name: 'a sub-workflow whose id is taken is started under another',
    definition: { tasks: [waitFor('w', 'go'), { name: 'a', action: 'sub.one' }] },
    options: { workflows: { 'sub.one': { tasks: [act('inner')] } } },
    act: async (harness, workflowId) => {
      const taken = workflowIdOf(derivedNumber(digest(`${workflowId}/a`, 'sha256')));
      await harness.client.workflow.start('nobody', { workflowId: taken, taskQueue: 'nobody-serves-this', args: [] });
      // Also the id of a run that has closed is taken.
      await harness.client.workflow.getHandle(taken).terminate();
      await harness.client.workflow.getHandle(workflowId).signal('go');
      await closed(harness, workflowId);
    },
    status: 'completed',
    tasks: { w: 'completed', a: 'completed' },
  },
  {
    name: 'open, with a sub-workflow',
    definition: { tasks: [{ name: 'a', action: 'sub.one' }] },
    options: { workflows: { 'sub.one': { tasks: [waitFor('w', 'go')] } } },
    act: shows(({ tasks }) => tasks[0]?.status === 'running'),
    status: 'running',
    tasks: { a: 'running' },
  },
  {
    name: 'terminated',
    definition: { tasks: [act('a')] },
    options: { outcomes: { a: hang } },
    act: async (harness, workflowId) => {
      await underWay(harness, workflowId, ['a']);
      await harness.client.workflow.getHandle(workflowId).terminate('enough');
    },
    status: 'terminated',
    tasks: { a: 'cancelled' },
  },
  {
    name: 'timed out by Temporal',
    definition: { tasks: [act('a')] },
    // Long enough for a busy machine to begin the task.
    options: { outcomes: { a: hang }, executionTimeout: 20 },
    act: closed,
    status: 'timeout',
    tasks: { a: 'cancelled' },
  },
  {
    name: 'abandoned by its worker',
    definition: { tasks: [act('a')] },
    options: { outcomes: { a: fail('WorkerShutdown') } },
    act: closed,
    status: 'abandoned',
    tasks: { a: 'abandoned' },
  },
  {
    name: 'issued again after its worker went away',
    definition: { tasks: [{ name: 'a', action: 'test.safe' }] },
    options: { outcomes: { a: [fail('WorkerShutdown'), { output: 'done' }] } },
    act: closed,
    status: 'completed',
    tasks: { a: 'completed' },
  },
  {
    name: 'cancelled while a task runs and others wait, with a cleanup',
    definition: {
      start: ['a', 'b', 'c', 'd'],
      on_cancel: ['undo', 'report'],
      tasks: [
        act('a'),
        waitFor('b', 'go', 3600),
        act('c', { delay: 3600 }),
        { name: 'd', action: 'core.delay', input: { seconds: 3600 } },
        act('undo'),
        { name: 'report', action: 'core.transform', input: { data: '{{ undo.status }}' } },
      ],
    },
    options: { outcomes: { a: hang, undo: fail('E_UNDO') } },
    act: cancelWhenUnderWay('a'),
    status: 'cancelled',
    tasks: { a: 'cancelled', b: 'cancelled', c: 'cancelled', d: 'cancelled', undo: 'failed', report: 'completed' },
  },
  {
    name: 'cancelled while nothing but timers runs, with a cleanup that waits itself',
    definition: {
      on_cancel: ['pause'],
      tasks: [
        { name: 'a', action: 'core.delay', input: { seconds: 3600 } },
        { name: 'pause', action: 'core.delay', input: { seconds: 0.05 } },
      ],
    },
    options: {},
    act: async (harness, workflowId) => {
      await waits(harness, workflowId, 'timer');
      await harness.client.workflow.getHandle(workflowId).cancel();
      await closed(harness, workflowId);
    },
    status: 'cancelled',
    tasks: { a: 'cancelled', pause: 'completed' },
  },
  {
    name: 'signalled while it waits, in time',
    definition: {
      tasks: [waitFor('a', 'go', 3600), { name: 'b', action: 'core.transform', input: { data: '{{ a.output.by }}' } }],
    },
    options: {},
    act: async (harness, workflowId) => {
      await waits(harness, workflowId, 'signal');
      await harness.client.workflow.getHandle(workflowId).signal('go', { by: 'me' });
      await closed(harness, workflowId);
    },
    status: 'completed',
    tasks: { a: 'completed', b: 'completed' },
    output: 'me',
  },
  {
    name: 'signalled with JSON that would change, which no task is given',
    definition: { tasks: [waitFor('a', 'go')], output: '{{ a.output }}' },
    options: {},
    act: async (harness, workflowId) => {
      await waits(harness, workflowId, 'signal');
      for (const text of ['{"n":9007199254740993}', '{"n":1,"n":2}', '"\\ud83d"']) {
        await harness.client.workflowService.signalWorkflowExecution({
          namespace: 'default',
          workflowExecution: { workflowId },
          signalName: 'go',
          input: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) }] },
        });
      }
      await harness.client.workflow.getHandle(workflowId).signal('go', { n: 1 });
      await closed(harness, workflowId);
      const { signalsRefused } = await harness.execution(workflowId);
      deepEqual(
        signalsRefused.map(({ name, encoding }) => [name, encoding]),
        Array(3).fill(['go', 'json/plain']),
      );
    },
    status: 'completed',
    tasks: { a: 'completed' },
    output: { n: 1 },
  },
  {
    name: 'signalled before it waits, and more than once',
    definition: {
      tasks: [
        { name: 'early', action: 'core.delay', input: { seconds: 0.5 } },
        waitFor('a', 'go'),
        waitFor('b', 'go'),
        { name: 'c', action: 'core.transform', input: { data: ['{{ a.output }}', '{{ b.output }}'] } },
      ],
    },
    options: {},
    act: async (harness, workflowId) => {
      const handle = harness.client.workflow.getHandle(workflowId);
      await handle.signal('go', 1);
      await handle.signal('go');
      await closed(harness, workflowId);
    },
    status: 'completed',
    tasks: { early: 'completed', a: 'completed', b: 'completed', c: 'completed' },
    output: [1, null],
  },
  {
    name: 'waits for a signal that does not come in time, and is tried again',
    definition: {
      tasks: [
        { ...waitFor('a', 'go', 0.05), retry: { count: 1, delay: 0.05 }, on_failure: 'b' },
        { name: 'b', action: 'core.transform', input: { data: '{{ error.type }} {{ error.attempt }}' } },
      ],
    },
    options: {},
    act: closed,
    status: 'completed',
    tasks: { a: 'timeout', b: 'completed' },
    output: { b: 'timeout 2' },
  },
  {
    name: 'open, waiting for one signal while another came that nobody waits for',
    definition: { tasks: [waitFor('a', 'go')] },
    options: {},
    act: async (harness, workflowId) => {
      await harness.client.workflow.getHandle(workflowId).signal('other', [1]);
      await waits(harness, workflowId, 'signal');
      await shows(({ signals }) => signals.length > 0)(harness, workflowId);
    },
    status: 'waiting',
    tasks: { a: 'running' },
  },
  {
    name: 'failed while others wait for their next attempt and their delay',
    definition: {
      start: ['a', 'b', 'c', 'd'],
      tasks: [
        act('a', { retry: { count: 1, delay: 3600, when: 'failed()' } }),
        act('b', { delay: 3600 }),
        waitFor('c', 'fail'),
        { name: 'd', action: 'core.delay', input: { seconds: 1 } },
      ].map((task) => (task.name === 'c' ? { ...task, on_success: 'fail' } : task)),
    },
    options: { outcomes: { a: fail('E_A') } },
    act: async (harness, workflowId) => {
      await waits(harness, workflowId, 'retry');
      await harness.client.workflow.getHandle(workflowId).signal('fail');
      await closed(harness, workflowId);
    },
    status: 'failed',
    tasks: { a: 'failed', c: 'completed', d: 'completed' },
  },
  {
    name: 'timed out by itself while a task runs, with a cleanup',
    definition: { timeout: 0.5, on_cancel: 'undo', tasks: [act('a'), act('undo')] },
    options: { outcomes: { a: hang } },
    act: closed,
    status: 'timeout',
    tasks: { a: 'cancelled', undo: 'completed' },
  },
  {
    name: 'skipped',
    definition: { when: 'false', tasks: [act('a')] },
    options: {},
    act: closed,
    status: 'skipped',
    tasks: {},
  },
  {
    name: 'open, with a task that runs',
    definition: { tasks: [act('a'), act('b')] },
    options: { outcomes: { b: hang } },
    act: (harness, workflowId) => underWay(harness, workflowId, ['b']),
    status: 'running',
    tasks: { a: 'completed', b: 'running' },
  },
];
