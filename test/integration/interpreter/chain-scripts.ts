import type { Definition } from '../../../model/definition.ts';
import type { Execution } from '../../../model/execution.ts';
import type { Json } from '../../../model/json.ts';
import type { ExecutionStatus } from '../../../model/status.ts';
import { question } from '../../interpreter/inquiry-scripts.ts';
import { act, fail, ok } from '../../interpreter/rehearse.ts';
import { decide, decideSigned } from '../inquiries/inquiry-play.ts';
import { closed, followUntil, type Harness, type StartOptions } from '../support/harness.ts';

/** A run that goes on in run after run, where Temporal suggests that after a few events. */
export interface ChainScript {
  name: string;
  definition: Definition;
  options?: StartOptions;
  /** Acts on the run while it is open. */
  act?: (harness: Harness, workflowId: string) => Promise<void>;
  status: ExecutionStatus;
  output?: Json;
  failure?: object;
  /** Keys of the tasks that have completed. */
  done: string[];
}

/** A loop of some rounds, one task each, over the variable `round`. */
const rounds = (count: number, rest: object = {}) =>
  act('work', {
    publish: { round: '{{ round + 1 }}' },
    next: [
      { when: `succeeded() and round < ${count}`, do: 'work' },
      ...(Object.keys(rest).length === 0 ? [] : [{ when: `succeeded() and round >= ${count}`, ...rest }]),
    ],
  });
const visits = (name: string, count: number) =>
  Array.from({ length: count }, (_, at) => (at === 0 ? name : `${name}#${at + 1}`));
const items = (name: string, count: number) => Array.from({ length: count }, (_, at) => `${name}[${at}]`);
const LONG = 'x'.repeat(10_000);

/** Whether so many tasks have completed. */
const hasDone = (count: number) => (execution: Execution) =>
  execution.tasks.filter(({ status }) => status === 'completed').length === count;

export const CHAINS: ChainScript[] = [
  {
    name: 'work of its own, in slices',
    definition: {
      tasks: [{ name: 'each', action: 'core.transform', with_items: '{{ range(9) }}', input: { data: '{{ item }}' } }],
    },
    options: { limits: { slice: 200, run: 500 } },
    status: 'completed',
    output: [0, 1, 2, 3, 4, 5, 6, 7, 8],
    done: ['each', ...items('each', 9)],
  },
  {
    name: 'a loop of rounds',
    definition: { start: ['work'], variables: { round: 0 }, tasks: [rounds(20)], output: { rounds: '{{ round }}' } },
    status: 'completed',
    output: { rounds: 20 },
    done: visits('work', 20),
  },
  {
    name: 'items whose outputs are the result',
    definition: { tasks: [act('each', { with_items: '{{ range(20) | list }}', concurrency: 3 })] },
    options: { items: { each: Array.from({ length: 20 }, (_, at) => ok(at * 2)) } },
    status: 'completed',
    output: Array.from({ length: 20 }, (_, at) => at * 2),
    done: ['each', ...items('each', 20)],
  },
  {
    name: 'items whose outputs nothing reads',
    definition: {
      tasks: [act('each', { with_items: '{{ range(20) | list }}', concurrency: 3 }), act('last')],
      output: { done: true },
    },
    options: { items: { each: Array.from({ length: 20 }, (_, at) => ok(`${at} ${LONG}`)) } },
    status: 'completed',
    output: { done: true },
    done: ['each', ...items('each', 20), 'last'],
  },
  {
    name: 'one item of many that fails, and what takes that',
    definition: {
      tasks: [
        act('each', {
          with_items: '{{ range(12) | list }}',
          concurrency: 2,
          on_item_failure: 'finish',
          on_failure: 'mend',
        }),
        { name: 'mend', action: 'core.transform', input: { data: '{{ error.details }}' } },
      ],
    },
    options: { items: { each: Array.from({ length: 12 }, (_, at) => (at === 3 ? fail('E_THREE') : ok(at))) } },
    status: 'completed',
    output: {
      mend: {
        items: [{ index: 3, type: 'E_THREE', reason: 'E_THREE happened' }],
        outputs: [0, 1, 2, null, 4, 5, 6, 7, 8, 9, 10, 11],
      },
    },
    done: [...items('each', 12).filter((_, at) => at !== 3), 'mend'],
  },
  {
    name: 'a join of what ended in other runs, with the variables of both',
    definition: {
      start: ['left', 'right'],
      variables: { round: 0 },
      tasks: [
        act('left', { publish: { side: 'left' }, on_success: 'both' }),
        act('right', { on_success: 'work' }),
        rounds(8, { do: 'both' }),
        act('both', { join: 'all', input: { side: '{{ side }}', of: '{{ left.output }}' } }),
      ],
      output: { side: '{{ side }}', rounds: '{{ round }}', left: '{{ left.output }}' },
    },
    options: { outcomes: { left: ok('from the left') } },
    status: 'completed',
    output: { side: 'left', rounds: 8, left: 'from the left' },
    done: ['left', 'right', ...visits('work', 8), 'both'],
  },
  {
    name: 'a question that stays open, and is decided at the end',
    definition: {
      start: ['ask', 'work'],
      variables: { round: 0 },
      tasks: [
        question('ask', { approvers: ['ann'], timeout: 60 }, { on_success: 'end' }),
        rounds(8, { do: 'end' }),
        act('end', { join: 'all', input: { by: '{{ ask.output.decided_by }}' } }),
      ],
      output: { by: '{{ ask.output.decided_by }}' },
    },
    act: async (harness, id) => {
      const { inquiries } = await followUntil(harness, id, hasDone(8));
      await decide(harness, id, { by: 'ann', bound_to: inquiries[0]!.bound_to });
    },
    status: 'completed',
    output: { by: ['ann'] },
    done: ['ask', ...visits('work', 8), 'end'],
  },
  {
    name: 'a question that stays open, and is decided by a signed statement',
    definition: {
      start: ['ask', 'work'],
      variables: { round: 0 },
      tasks: [
        question('ask', { approvers: ['ann', 'bea'], quorum: 2 }, { on_success: 'end' }),
        rounds(8, { do: 'end' }),
        act('end', { join: 'all' }),
      ],
      output: { by: '{{ ask.output.decided_by }}' },
    },
    options: { signed: true },
    act: async (harness, id) => {
      await decideSigned(harness, id, { id: 'first' });
      // The same statement again, by another run of the chain, is one.
      await followUntil(harness, id, hasDone(8));
      await decideSigned(harness, id, { id: 'first' });
      await decideSigned(harness, id, { id: 'second', by: 'bea', names: [] });
    },
    status: 'completed',
    output: { by: ['ann', 'bea'] },
    done: ['ask', ...visits('work', 8), 'end'],
  },
  {
    name: 'signals that came before anybody waited for them',
    definition: {
      start: ['work'],
      variables: { round: 0 },
      tasks: [
        rounds(8, { do: 'first' }),
        { name: 'first', action: 'core.wait_signal', input: { name: 'note' }, on_success: 'second' },
        { name: 'second', action: 'core.wait_signal', input: { name: 'note' } },
      ],
      output: ['{{ first.output }}', '{{ second.output }}'],
    },
    act: async (harness, id) => {
      const handle = harness.client.workflow.getHandle(id);
      await handle.signal('note', 1);
      await handle.signal('note', 2);
    },
    status: 'completed',
    output: [1, 2],
    done: [...visits('work', 8), 'first', 'second'],
  },
  {
    name: 'the timeout of the whole chain, and its cleanup',
    definition: {
      start: ['work', 'sleep'],
      variables: { round: 0 },
      // Long enough for a busy machine to do the rounds.
      timeout: 20,
      on_cancel: 'undo',
      tasks: [rounds(6), { name: 'sleep', action: 'core.delay', input: { seconds: 60 } }, act('undo')],
    },
    status: 'timeout',
    failure: { type: 'timeout', message: 'the run took longer than 20 seconds' },
    done: [...visits('work', 6), 'undo'],
  },
  {
    name: 'a cancel request in the middle of the chain',
    definition: {
      start: ['work'],
      variables: { round: 0 },
      on_cancel: 'undo',
      tasks: [
        rounds(7, { do: 'wait' }),
        { name: 'wait', action: 'core.wait_signal', input: { name: 'never' } },
        act('undo'),
      ],
    },
    act: async (harness, id) => {
      await followUntil(harness, id, ({ waitingFor }) => waitingFor[0]?.kind === 'signal');
      await harness.client.workflow.getHandle(id).cancel();
    },
    status: 'cancelled',
    failure: { type: 'cancelled' },
    done: [...visits('work', 7), 'undo'],
  },
  {
    name: 'a failure far behind the beginning',
    definition: { start: ['work'], variables: { round: 0 }, tasks: [rounds(20)] },
    options: { outcomes: { work: [...Array.from({ length: 11 }, () => ok(1)), fail('E_LATE')] } },
    status: 'failed',
    failure: { type: 'E_LATE', task: 'work#12' },
    done: visits('work', 11),
  },
  {
    name: 'sub-workflows that are chains themselves',
    definition: { tasks: [{ name: 'each', action: 'sub.one', with_items: [1, 2, 3], concurrency: 1 }] },
    options: {
      workflows: {
        'sub.one': { start: ['work'], variables: { round: 0 }, tasks: [rounds(7)], output: { rounds: '{{ round }}' } },
      },
    },
    status: 'completed',
    output: [{ rounds: 7 }, { rounds: 7 }, { rounds: 7 }],
    done: ['each', ...items('each', 3)],
  },
];

/** Plays a script, and gives its workflow id once the run has closed. */
export async function playChain(harness: Harness, { definition, options, act: doTo }: ChainScript): Promise<string> {
  const id = await harness.start(definition, options);
  await doTo?.(harness, id);
  await closed(harness, id);
  return id;
}
