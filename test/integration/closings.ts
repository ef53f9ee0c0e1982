import type { Definition } from '../../model/definition.ts';
import { fail, hang } from '../interpreter/rehearse.ts';
import { closed, type Harness, type StartOptions, underWay } from './harness.ts';

const act = (name: string, rest: object = {}) => ({ name, action: 'test.act', ...rest });

/** A way in which a run can close, or stand open, that no outcome of a task makes. */
export interface Closing {
  name: string;
  definition: Definition;
  options: StartOptions;
  /** What is done to the run from outside. */
  act(harness: Harness, workflowId: string): Promise<void>;
  status: string;
  tasks: Record<string, string>;
}

const cancelWhenUnderWay =
  (...tasks: string[]) =>
  async (harness: Harness, workflowId: string): Promise<void> => {
    await underWay(harness, workflowId, tasks);
    await harness.client.workflow.getHandle(workflowId).cancel();
    await closed(harness, workflowId);
  };

/** Every closing, and an open run. */
export const CLOSINGS: Closing[] = [
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
    tasks: { a: 'cancelled' },
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
    options: { outcomes: { a: hang }, executionTimeout: 3 },
    act: closed,
    status: 'timeout',
    tasks: { a: 'cancelled' },
  },
  {
    name: 'abandoned by its worker',
    definition: { tasks: [act('a')] },
    options: { outcomes: { a: { fail: 'WorkerShutdown', message: 'the worker went away' } } },
    act: closed,
    status: 'abandoned',
    tasks: { a: 'abandoned' },
  },
  {
    name: 'issued again after its worker went away',
    definition: { tasks: [{ name: 'a', action: 'test.safe' }] },
    options: { outcomes: { a: [{ fail: 'WorkerShutdown' }, { output: 'done' }] } },
    act: closed,
    status: 'completed',
    tasks: { a: 'completed' },
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
